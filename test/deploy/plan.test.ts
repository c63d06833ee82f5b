import * as assert from "uvu/assert";
import type { InstalledEntry } from "../../src/bootloader/index.ts";
import { deploymentId, parseStateroot } from "../../src/deploy/deployment-id.ts";
import type { Deployment } from "../../src/deploy/deployment.ts";
import type { HostState } from "../../src/deploy/host-state.ts";
import { markStates } from "../../src/deploy/mark-states.ts";
import type { Origin } from "../../src/deploy/origin.ts";
import { describeStep } from "../../src/deploy/plan.ts";
import { planCleanup } from "../../src/deploy/plan-cleanup.ts";
import { type DeployTarget, planDeploy } from "../../src/deploy/plan-deploy.ts";
import { planFinalize } from "../../src/deploy/plan-finalize.ts";
import { planRollback, planUndeploy } from "../../src/deploy/plan-reorder.ts";
import { type Checksum, parseChecksum } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/plan");
const stateroot = parseStateroot("default");
const entry = { id: "x", order: 1 } as InstalledEntry;

function commitOf(letter: string): Checksum {
  return parseChecksum(letter.repeat(64));
}

function originOf(letter: string, over: Partial<Origin> = {}): Origin {
  const commit = commitOf(letter);
  const digests = { image: commit, bootChecksum: commit };
  const texts = { spec: "os/stable", title: letter, kernel: "6.1", signature: "unsigned" };
  return { ...texts, ...digests, commit, timestamp: 1, deployed: 2, kargs: [], imageKargs: [], pinned: false, ...over };
}

/** Letters in boot order: `B` after one is booted, `p` pinned, `s` staged. */
function state(marks: string[], leftovers: string[] = []): HostState {
  const deployments = marks.map((mark): Deployment => {
    const name = { stateroot, commit: commitOf(mark[0]!), serial: 0 };
    const staged = mark.includes("s");
    const flags = { booted: false, pending: false, failed: false, rollback: false, staged };
    return {
      ...name,
      id: deploymentId(name),
      origin: originOf(mark[0]!, { pinned: mark.includes("p") }),
      ...flags,
      ...(staged ? {} : { entry }),
    };
  });
  const booted = deployments.find((_, index) => marks[index]!.includes("B"));
  const waiting = deployments.find(({ staged }) => staged);
  return {
    deployments: markStates(deployments, booted),
    ...(waiting === undefined ? {} : { staged: { name: waiting } }),
    leftovers: leftovers.map((letter) => ({ stateroot, commit: commitOf(letter), serial: 0 })),
    damaged: [],
    bootFiles: [],
    problems: [],
  };
}

function target(letter: string, over: Partial<DeployTarget> = {}): DeployTarget {
  const { image: _i, kernel: _k, bootChecksum: _b, ...origin } = originOf(letter);
  return { stateroot, commit: commitOf(letter), origin, action: "upgrade", retain: 1, ...over };
}

/** The plan with ids cut to the first letter of the commit. */
const shown = (steps: ReturnType<typeof planRollback>): string[] =>
  steps.map((step) => describeStep(step).replace(/([0-9a-f])\1{11}/g, "$1"));

test("makes the first deployment", () => {
  assert.equal(shown(planDeploy(state([]), target("a")).steps), [
    "keep the commit of a.0 in the store",
    "install the kernel of a.0",
    "write deployment a.0",
    "boot a.0 next",
    "record the upgrade in the history",
  ]);
});

test("merges /etc of what boots next, and drops what retention does not keep after the switch", () => {
  assert.equal(shown(planDeploy(state(["b", "a"]), target("c")).steps), [
    "keep the commit of c.0 in the store",
    "install the kernel of c.0",
    "write deployment c.0, merging /etc of b.0",
    "boot c.0 next, and keep b.0",
    "record the upgrade in the history",
    "remove deployment a.0",
    "remove kernels that no boot entry names",
    "let go of the commits of removed deployments",
  ]);
});

test("merges /etc of the booted one, and replaces what was pending", () => {
  const steps = shown(planDeploy(state(["b", "aB", "e"]), target("c")).steps);
  assert.is(steps[2], "write deployment c.0, merging /etc of a.0");
  assert.equal(steps.slice(3, 6), [
    "boot c.0 next, and keep a.0, e.0",
    "record the upgrade in the history",
    "remove deployment b.0",
  ]);
});

test("gives a second deployment of a commit the next serial", () => {
  assert.is(planDeploy(state(["a"]), target("a")).deployment.serial, 1);
  assert.is(planDeploy(state(["b"]), target("a")).deployment.serial, 0);
});

test("clears a leftover of the same name before, the others after", () => {
  const steps = shown(planDeploy(state(["a"], ["c", "d"]), target("c")).steps);
  assert.is(steps[0], "remove deployment c.0");
  assert.equal(steps.slice(-3), [
    "remove deployment d.0",
    "remove kernels that no boot entry names",
    "let go of the commits of removed deployments",
  ]);
});

test("stages without touching what boots", () => {
  assert.equal(shown(planDeploy(state(["aB"]), target("c", { stage: true })).steps), [
    "keep the commit of c.0 in the store",
    "install the kernel of c.0",
    "write deployment c.0, merging /etc of a.0",
    "stage c.0 for the next shutdown",
    "record the stage in the history",
  ]);
});

test("replaces what was staged", () => {
  const steps = shown(planDeploy(state(["bs", "aB"]), target("c")).steps);
  assert.equal(steps.slice(3, 7), [
    "boot c.0 next, and keep a.0",
    "forget the staged deployment",
    "record the upgrade in the history",
    "remove deployment b.0",
  ]);
});

test("finalizes by merging /etc again, then switching", () => {
  assert.equal(shown(planFinalize(state(["cs", "bB", "a"]), { time: 1 }, 1)), [
    "install the kernel of c.0",
    "merge what changed in /etc of b.0 into c.0",
    "boot c.0 next, and keep b.0, a.0",
    "forget the staged deployment",
    "record the finalize in the history",
  ]);
  assert.throws(
    () => planFinalize(state(["a"]), { time: 1 }, 1),
    (error: unknown) => isAtomicError(error, "nothing-to-do"),
  );
});

test("rolls back to the previous one", () => {
  assert.equal(shown(planRollback(state(["bB", "a"]), { time: 1 })), [
    "boot a.0 next, and keep b.0",
    "record the rollback in the history",
  ]);
  assert.is(shown(planRollback(state(["b", "a"]), { time: 1 }))[0], "boot a.0 next, and keep b.0");
});

test("rolls back to the booted one when another would boot next", () => {
  assert.is(shown(planRollback(state(["c", "bB", "a"]), { time: 1 }))[0], "boot b.0 next, and keep c.0, a.0");
});

test("rolls back by giving up what is staged", () => {
  assert.equal(shown(planRollback(state(["cs", "bB", "a"]), { time: 1 })), [
    "boot b.0 next, and keep a.0",
    "forget the staged deployment",
    "record the rollback in the history",
    "remove deployment c.0",
    "remove kernels that no boot entry names",
    "let go of the commits of removed deployments",
  ]);
});

test("rolls back to any deployment", () => {
  const host = state(["cB", "b", "a"]);
  assert.is(shown(planRollback(host, { time: 1 }, host.deployments[2]))[0], "boot a.0 next, and keep c.0, b.0");
});

test("refuses to roll back to nowhere", () => {
  assert.throws(
    () => planRollback(state(["aB"]), { time: 1 }),
    (error: unknown) => isAtomicError(error, "conflict"),
  );
  assert.throws(
    () => planRollback(state([]), { time: 1 }),
    (error: unknown) => isAtomicError(error, "conflict"),
  );
  const host = state(["bB", "a"]);
  assert.throws(
    () => planRollback(host, { time: 1 }, host.deployments[0]),
    (error: unknown) => isAtomicError(error, "nothing-to-do"),
  );
});

test("removes a deployment, but not the booted, a pinned or the only one", () => {
  const host = state(["cB", "bp", "a"]);
  assert.is(shown(planUndeploy(host, { time: 1 }, host.deployments[2]!))[0], "boot c.0 next, and keep b.0");
  for (const [list, index] of [
    [["cB", "bp"], 0],
    [["cB", "bp"], 1],
    [["a"], 0],
  ] as const) {
    const other = state([...list]);
    assert.throws(
      () => planUndeploy(other, { time: 1 }, other.deployments[index]!),
      (error: unknown) => isAtomicError(error, "conflict"),
    );
  }
});

test("cleans up what retention does not keep and what a crash left", () => {
  assert.equal(shown(planCleanup(state(["d", "c", "b", "ap"], ["e"]), 1)), [
    "boot d.0 next, and keep c.0, a.0",
    "remove deployment b.0",
    "remove deployment e.0",
    "remove what interrupted runs left",
    "remove kernels that no boot entry names",
    "let go of the commits of removed deployments",
  ]);
});
