/**
 * Cuts the power after every operation of a change of the host, in the way that journaling filesystems lose data: names
 * are as they were at that instant, but a file nobody synced is empty.
 */
import { cpSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openSysroot } from "../../src/deploy/index.ts";
import { createDurable } from "../../src/durable.ts";
import { type Operation } from "../../src/durable-step.ts";
import type { PathArg } from "../../src/linux/index.ts";
import { makeHost } from "../deploy/host-fixture.ts";
import { unmet } from "../support/needs.ts";
import { replay } from "../support/replay.ts";
import { suite } from "../support/suite.ts";
import { type Change, changes, checkHost, PARENT, repeatAndCheck, setUp } from "./host-changes.ts";

const test = suite("crash/power-loss", unmet({ root: true, programs: ["git"] }));

for (const [name, change] of Object.entries(changes)) {
  test(`${name} cut short by a power loss at any operation leaves the old or the new host`, () => everyLoss(change));
}

test("knows which files are not on the disk yet", () => {
  const at = (path: string) => ({ path });
  const operations: Operation[] = [
    { kind: "create", ...at("/d/a"), mode: 0o644 },
    { kind: "create", ...at("/d/b"), mode: 0o644 },
    { kind: "fsync", ...at("/d/a") },
    { kind: "rename", ...at("/d"), to: "/e" },
    { kind: "create", ...at("/f"), mode: 0o644 },
  ];
  assert.equal([...unsynced(operations)].sort(), ["/e/b", "/f"]);
  assert.equal([...unsynced([...operations, { kind: "exchange", path: "/e/b", to: "/e/a" }])].sort(), ["/e/a", "/f"]);
  assert.equal([...unsynced([...operations, { kind: "unlink", path: "/f" }])], ["/e/b"]);
  assert.equal([...unsynced([...operations, { kind: "barrier", path: "/" }])], []);
});

async function everyLoss(change: Change): Promise<void> {
  const host = await makeHost({ parent: PARENT });
  const copy = (to: string) => {
    const path = join(host.base, to);
    rmSync(path, { recursive: true, force: true });
    cpSync(host.sysroot.path, path, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    return path;
  };
  try {
    const commandLine = await setUp(host, change);
    const operations: Operation[] = [];
    const recorded = copy("recorded");
    const disk = createDurable({ record: (operation) => operations.push(operation) });
    await change.change(openSysroot(recorded, disk), commandLine);
    for (let count = 1; count <= operations.length; count++) {
      const done = operations.slice(0, count);
      const path = copy("lost");
      replay(done, recorded, path);
      for (const file of unsynced(done)) empty(join(path, file.slice(recorded.length)));
      const where = `after operation ${count}, ${operations[count - 1]!.kind}`;
      checkHost(openSysroot(path, createDurable()), { change, commandLine, where });
      await repeatAndCheck(openSysroot(path, createDurable()), { change, commandLine, where });
    }
  } finally {
    host.remove();
  }
}

/** The files, by the names they have now, whose content was written and not synced since. */
function unsynced(operations: readonly Operation[]): Set<string> {
  let dirty = new Set<string>();
  const move = (from: string, to: string, back: boolean) => {
    const below = (path: string, base: string) => path === base || path.startsWith(`${base}/`);
    dirty = new Set(
      [...dirty].flatMap((path) => {
        if (below(path, from)) return [to + path.slice(from.length)];
        if (below(path, to)) return back ? [from + path.slice(to.length)] : [];
        return [path];
      }),
    );
  };
  for (const operation of operations) {
    const { kind } = operation;
    const path = text(operation.path);
    if (kind === "create" || kind === "write" || kind === "copy") dirty.add(path);
    else if (kind === "fsync" || kind === "unlink") dirty.delete(path);
    else if (kind === "barrier") dirty.clear();
    else if (kind === "rename" || kind === "rename-noreplace" || kind === "exchange") {
      move(path, text(operation.to), kind === "exchange");
    }
  }
  return dirty;
}

function text(path: PathArg): string {
  return Buffer.from(path).toString("utf8");
}

function empty(path: string): void {
  if (statSync(path).isFile()) truncateSync(path);
}
