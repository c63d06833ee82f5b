/**
 * Test suites: uvu, minus its ways to pass silently.
 *
 * `suite(name)` returns `test(name, fn)`; a test file calls nothing else. `test/run.ts` starts one process per file
 * (`run-file.ts`), which imports the file and then runs every suite it registered. Every test's outcome is kept here
 * rather than taken from uvu, which drops an error thrown by a hook and counts what never ran as passed.
 */
import { inspect } from "node:util";
import { suite as uvuSuite } from "uvu";
import { type Needs, unmet } from "./needs.ts";

declare global {
  /** uvu's list of things to run: one `[title, …runs]` per file. */
  var UVU_QUEUE: (string | null | (() => Promise<unknown>))[][];
  /** Tells uvu not to run anything by itself; `run-file.ts` sets it. */
  var UVU_DEFER: 1 | undefined;
}

type Callback = () => Promise<void> | void;
type Register = (name: string, fn: Callback) => void;

interface Hook {
  (fn: Callback): void;
  each(fn: Callback): void;
}

/** Registers a test; its properties register hooks and tests that are not run. */
export interface Test extends Register {
  before: Hook;
  after: Hook;
  /** Lists `name` as skipped, with the reason. */
  skip(name: string, reason: string): void;
  /** `test` itself when `condition` holds, else a function that skips what it is given. */
  skipUnless(condition: boolean, reason: string): Register;
  /** `test` itself where the machine has what is needed, else a function that skips, naming what is missing. */
  needs(needs: Needs): Register;
}

/** What became of one test. A `pending` one never ran, which is a failure. */
export interface Outcome {
  suite: string;
  name: string;
  status: "pending" | "passed" | "failed" | "skipped";
  /** Why it was skipped or failed. */
  reason?: string;
}

const outcomes: Outcome[] = [];
const starters: (() => void)[] = [];

/** What is known so far about the tests of this process, in order of registration. */
export function testOutcomes(): readonly Outcome[] {
  return outcomes;
}

/** Runs every registered suite, in order. @throws whatever an `after` hook threw */
export async function runSuites(): Promise<void> {
  globalThis.UVU_QUEUE.push([null]);
  for (const start of starters) start();
  const { exec } = await import("uvu");
  await exec();
}

/**
 * A new suite. With `skipReason` (see `unmet` in needs.ts) all its tests are skipped and no hook runs.
 * @throws Error when the file is not being run by `test/run.ts`
 */
export function suite(name: string, skipReason?: string): Test {
  if (globalThis.UVU_DEFER === undefined) throw new Error("run this file with: npm test, or bun test/run.ts FILE");
  const uvu = uvuSuite(name);
  const own: Outcome[] = [];
  let started = false;
  const add = (outcome: Outcome): Outcome => {
    own.push(outcome);
    outcomes.push(outcome);
    return outcome;
  };
  const skip = (test: string, reason: string) => void add({ suite: name, name: test, status: "skipped", reason });
  const hook = (kind: string, register: (fn: Callback) => void) => (fn: Callback) => {
    if (started) throw new Error(`${kind} hook registered while the suite runs: it would never run`);
    register(async () => {
      await guarded(fn, (reason) => {
        console.error(`${kind} hook: ${reason}`); // uvu drops it
        add({ suite: name, name: `${kind} hook`, status: "failed", reason });
      });
    });
  };

  starters.push(() => {
    started = true;
    if (own.length === 0) add({ suite: name, name: "(suite)", status: "failed", reason: "has no test" });
    if (own.some((outcome) => outcome.status === "pending")) uvu.run();
  });

  const register: Register = (test, fn) => {
    if (skipReason !== undefined) return skip(test, skipReason);
    const outcome = add({ suite: name, name: test, status: "pending" });
    uvu(test, async () => {
      console.log(`\n${test}`); // shown when the file fails: the last name is where it hung or died
      await guarded(fn, (reason) => Object.assign(outcome, { status: "failed", reason }));
      outcome.status = "passed";
    });
  };
  const skipUnless = (condition: boolean, reason: string): Register =>
    condition ? register : (test) => skip(test, skipReason ?? reason);
  return Object.assign(register, {
    before: Object.assign(hook("before", uvu.before), { each: hook("before.each", uvu.before.each) }),
    after: Object.assign(hook("after", uvu.after), { each: hook("after.each", uvu.after.each) }),
    skip,
    skipUnless,
    needs: (needs: Needs) => {
      const reason = unmet(needs);
      return skipUnless(reason === undefined, reason ?? "");
    },
  });
}

/** Runs `fn`; what it throws is noted and thrown on as an `Error`, the only thing uvu can print. */
async function guarded(fn: Callback, note: (reason: string) => void): Promise<void> {
  try {
    await fn();
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(`threw ${inspect(thrown)}`);
    note(error.message);
    throw error;
  }
}
