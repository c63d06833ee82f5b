/** Stops, or fails, a change of the host before every single operation on the disk, and looks at what is left. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openSysroot } from "../../src/deploy/index.ts";
import { createDurable } from "../../src/durable.ts";
import { type DurableOptions, Stopped } from "../../src/durable-step.ts";
import { isAtomicError } from "../../src/errors.ts";
import { makeHost } from "../deploy/host-fixture.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { type Change, changes, checkHost, PARENT, repeatAndCheck, setUp } from "./host-changes.ts";

const test = suite("crash/deploy", unmet({ root: true, programs: ["git"] }));

for (const [name, change] of Object.entries(changes)) {
  test(`${name} stopped at any operation leaves the old or the new host, and completes when repeated`, () =>
    everyPoint(change, (operation) => ({ stopAt: operation })));
  test(`${name} that finds the disk full at any operation leaves the old or the new host, and completes when repeated`, () =>
    everyPoint(change, (operation) => ({ failAt: { operation, errno: "ENOSPC" } })));
}

async function everyPoint(change: Change, interrupt: (operation: number) => DurableOptions): Promise<void> {
  const host = await makeHost({ parent: PARENT });
  try {
    const commandLine = await setUp(host, change);
    let finished = false;
    for (let operation = 1; !finished; operation++) {
      const path = join(host.base, "copy");
      rmSync(path, { recursive: true, force: true });
      cpSync(host.sysroot.path, path, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      finished = await runInterrupted(() =>
        change.change(openSysroot(path, createDurable(interrupt(operation))), commandLine),
      );
      const where = `operation ${operation}`;
      checkHost(openSysroot(path, createDurable()), { change, commandLine, where });
      await repeatAndCheck(openSysroot(path, createDurable()), { change, commandLine, where });
    }
  } finally {
    host.remove();
  }
}

/** True when `work` ended undisturbed. */
async function runInterrupted(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Stopped || isAtomicError(error, "no-space")) return false;
    throw error;
  }
}
