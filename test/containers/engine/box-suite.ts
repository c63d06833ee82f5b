/** Tests of containers of one small image, each of which starts without containers. */
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { CliResult } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const PROGRAMS = ["cat", "echo", "mkdir", "rm", "sh", "sleep", "touch", "true"];

export interface BoxSuite {
  test: ReturnType<typeof suite>;
  /** Only while tests run. */
  fixture(): Fixture;
  atomic(...argv: string[]): CliResult;
  /** A container in the background without a network. */
  detached(name: string, script: string, ...options: string[]): void;
}

interface BoxOptions {
  /** Another reason to skip it. */
  unmet?: string | undefined;
  /** Labels of further images, by name. */
  labelled?: Record<string, Record<string, string>>;
}

/** A suite whose image is called `box`. */
export function boxSuite(name: string, { unmet, labelled = {} }: BoxOptions = {}): BoxSuite {
  const test = suite(name, namedUnmet() ?? unmet);
  let made: Fixture | undefined;
  const fixture = (): Fixture => {
    if (made === undefined) throw new Error("no test runs");
    return made;
  };
  const atomic = (...argv: string[]): CliResult => fixture().atomic(...argv);
  test.before(() => {
    made = namedFixture({ box: {}, ...labelled }, PROGRAMS);
  });
  test.after(() => {
    made?.clear();
    made?.unmountAll();
  });
  test.after.each(() => fixture().clear());
  return {
    test,
    fixture,
    atomic,
    detached(container, script, ...options) {
      const flags = ["-d", `--name=${container}`, "--net=none", ...options];
      const { status, stderr } = atomic("run", ...flags, "box", "sh", "-c", script);
      assert.is(status, 0, stderr);
    },
  };
}

/** Waits up to half a minute. */
export async function eventually(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 600 && !condition(); attempt++) await sleep(50);
  assert.ok(condition());
}
