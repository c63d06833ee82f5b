/** Changes of a host to interrupt, and what must hold of the host however they were interrupted. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { getFields, readBootDirectory, sortEntries } from "../../src/bootloader/index.ts";
import {
  bless,
  cleanup,
  deploy,
  finalize,
  type HealthReport,
  hostHistory,
  hostStatus,
  recordHealth,
  reset,
  rollback,
  type Sysroot,
  upgrade,
  verifyHost,
} from "../../src/deploy/index.ts";
import { isAtomicError } from "../../src/errors.ts";
import { fsck, listRefs } from "../../src/ostree/index.ts";
import { run } from "../../src/spawn.ts";
import type { Host } from "../deploy/host-fixture.ts";

/** In memory the thousands of copies take seconds. */
export const PARENT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export interface Change {
  /** Versions deployed before, in this order; the last one booted. */
  before: string[];
  /** Commits a further version. */
  next?: string;
  prepare?: (sysroot: Sysroot, commandLine: string) => Promise<unknown>;
  change: (sysroot: Sysroot, commandLine: string) => Promise<unknown>;
  /** The boot orders that may be found, the final one last. */
  orders: string[];
  /** What must hold of the end, if it is more than the boot order: then the change is always made again. */
  end?: (sysroot: Sysroot, where: string) => void;
  /** Problems that `status` may name before the change is completed. */
  problems?: RegExp;
}

export const changes: Record<string, Change> = {
  "an upgrade": {
    before: ["1", "2"],
    next: "3",
    change: (sysroot, commandLine) => upgrade(sysroot, { commandLine, stage: false }),
    orders: ["2 1", "3 2 1"],
  },
  "an upgrade that drops a pending version": {
    before: ["1", "2"],
    next: "4",
    prepare: async (sysroot, commandLine) => {
      const third = readFileSync(join(sysroot.path, "third"), "utf8");
      await deploy(sysroot, { spec: third, commandLine, stage: false });
    },
    change: (sysroot, commandLine) => upgrade(sysroot, { commandLine, stage: false }),
    orders: ["3 2 1", "4 3 2 1", "4 2 1"],
  },
  "a reset": {
    before: ["1", "2"],
    change: (sysroot, commandLine) => reset(sysroot, { commandLine, keep: ["/etc/motd"] }),
    orders: ["2 1", "2 2 1"],
  },
  "a rollback": {
    before: ["1", "2"],
    change: (sysroot, commandLine) => rollback(sysroot, { commandLine }),
    orders: ["2 1", "1 2"],
  },
  "a staged upgrade": {
    before: ["1", "2"],
    next: "3",
    change: (sysroot, commandLine) => upgrade(sysroot, { commandLine }),
    orders: ["2 1", "3~ 2 1"],
  },
  finalizing: {
    before: ["1", "2"],
    next: "3",
    prepare: (sysroot, commandLine) => upgrade(sysroot, { commandLine }),
    change: (sysroot, commandLine) => finalize(sysroot, { commandLine }),
    orders: ["3~ 2 1", "3 2 1"],
    problems: /^finalizing [0-9a-f]{12}\.0 failed at \S+: .*no space/i,
  },
  "blessing a boot": {
    before: ["1", "2"],
    change: (sysroot, commandLine) => bless(sysroot, { commandLine, boot: "b" }),
    orders: ["2 1"],
    end(sysroot, where) {
      assert.is(hostStatus(sysroot).deployments[0]!.bootCounter, null, where);
      assert.is(noted(sysroot, "healthy"), 1, where);
    },
  },
  "recording that a boot is not good": {
    before: ["1", "2"],
    change: (sysroot, commandLine) => recordHealth(sysroot, UNHEALTHY, { commandLine, boot: "b" }),
    orders: ["2 1"],
    end(sysroot, where) {
      const { failure, id } = hostStatus(sysroot).deployments[0]!;
      assert.is(failure, "check net exited with 7", where);
      const record = readFileSync(join(sysroot.path, "atomic/deploy/default/deploy", id, "failure.json"), "utf8");
      assert.is((JSON.parse(record) as { attempts: number }).attempts, 1, where);
    },
  },
  "noting a deployment that failed": {
    before: ["1", "2"],
    prepare: failThird,
    change: (sysroot, commandLine) => recordHealth(sysroot, HEALTHY, { commandLine, boot: "b" }),
    orders: ["2 1 3", "2 1"],
    end(sysroot, where) {
      assert.is(noted(sysroot, "failed"), 1, where);
      assert.is(hostHistory(sysroot)[0]!.reason, "initramfs: mounting the root: no such device", where);
      assert.not.ok(existsSync(join(sysroot.path, "atomic/boot-failure")), where);
    },
  },
};

const HEALTHY: HealthReport = { healthy: true, checks: [] };
const UNHEALTHY: HealthReport = {
  healthy: false,
  checks: [{ name: "net", path: "/net", required: true, passed: false, ending: "exited with 7", output: "no route" }],
};

/** How often the history says that. */
function noted(sysroot: Sysroot, action: string): number {
  return hostHistory(sysroot).filter((event) => event.action === action).length;
}

/** Deploys version 3, and leaves it as a loader and an initramfs do that could not start it. */
async function failThird(sysroot: Sysroot, commandLine: string): Promise<void> {
  const third = readFileSync(join(sysroot.path, "third"), "utf8");
  const { id } = await deploy(sysroot, { spec: third, commandLine, stage: false });
  const entries = join(sysroot.boot, "loader/entries");
  const name = readdirSync(entries).find((entry) => entry.includes(id))!;
  renameSync(join(entries, name), join(entries, name.replace("+3-0", "+0-3")));
  writeFileSync(join(sysroot.path, "atomic/boot-failure"), `default/${id}\nmounting the root: no such device\n`);
}

/** Deploys the versions before, edits `/etc` as an operator would. @returns the kernel's command line */
export async function setUp(host: Host, { before, next, prepare }: Change): Promise<string> {
  const { sysroot } = host;
  for (const version of before) {
    await host.commit(version);
    await deploy(sysroot, { spec: "os/stable" });
  }
  const { stateroot, id } = hostStatus(sysroot).deployments[0]!;
  const etc = join(sysroot.path, "atomic/deploy", stateroot, "deploy", id, "etc");
  writeFileSync(join(etc, "motd"), "the operator's\n");
  writeFileSync(join(etc, "app/app.conf"), "one\n2\n3\n4\n5\n");
  writeFileSync(join(etc, "own"), "own\n");
  const commandLine = `atomic=${stateroot}/${id}`;
  writeFileSync(join(sysroot.path, "third"), await host.commit("3", { "usr/etc/motd": "changed\n" }, "os/third"));
  if (next !== undefined)
    await host.commit(next, { "usr/etc/motd": "changed\n", "usr/etc/app/app.conf": "1\n2\n3\n4\nfive\n" });
  await prepare?.(sysroot, commandLine);
  return commandLine;
}

export interface Look {
  change: Change;
  commandLine: string;
  where: string;
}

/** Everything listed can boot, the booted version is among it, and the store is whole. */
export function checkHost(sysroot: Sysroot, { change, commandLine, where }: Look): void {
  const status = hostStatus(sysroot, commandLine);
  const order = status.deployments.map(({ version, staged }) => `${version}${staged ? "~" : ""}`).join(" ");
  assert.ok(change.orders.includes(order), `${where}: boot order ${order}`);
  assert.is(status.deployments.filter(({ booted }) => booted).length, 1, where);
  const unexpected = status.problems.filter((problem) => change.problems?.test(problem) !== true);
  assert.equal(unexpected, [], where);
  assert.equal(verifyHost(sysroot, commandLine).defects, [], where);
  assert.equal(fsck(sysroot.repo, {}).defects, [], where);
  checkLoader(sysroot, where);
  const booted = status.deployments.find((deployment) => deployment.booted)!;
  const etc = join(sysroot.path, "atomic/deploy/default/deploy", booted.id, "etc");
  assert.is(readFileSync(join(etc, "motd"), "utf8"), "the operator's\n", where);
}

/** What a boot loader would see: files it takes for entries name a kernel and a deployment that are there. */
function checkLoader(sysroot: Sysroot, where: string): void {
  const entries = sortEntries(readBootDirectory(sysroot.boot).flatMap(({ loaderEntry }) => loaderEntry ?? []));
  assert.ok(entries.length > 0, where);
  for (const { entry } of entries) {
    for (const path of [...getFields(entry, "linux"), ...getFields(entry, "initrd")]) {
      assert.ok(existsSync(join(sysroot.path, path)), `${where}: ${path}`);
    }
    const [, stateroot, id] = /atomic=([^/ ]+)\/(\S+)/.exec(getFields(entry, "options").join(" ")) ?? [];
    const directory = join(sysroot.path, "atomic/deploy", stateroot!, "deploy", id!);
    assert.equal(
      readdirSync(directory).filter((name) => ["etc", "image", "origin.json"].includes(name)).length,
      3,
      where,
    );
  }
}

/** Made again, the change leads to the end it wanted, and nothing of the interrupted one is left. */
export async function repeatAndCheck(sysroot: Sysroot, look: Look): Promise<void> {
  const { change, commandLine, where } = look;
  const order = () =>
    hostStatus(sysroot, commandLine)
      .deployments.map(({ version, staged }) => `${version}${staged ? "~" : ""}`)
      .join(" ");
  if (order() !== change.orders.at(-1) || change.end !== undefined) {
    await change.change(sysroot, commandLine).catch((error: unknown) => {
      if (!isAtomicError(error, "nothing-to-do")) throw error;
    });
  }
  await cleanup(sysroot, { commandLine });
  change.end?.(sysroot, where);
  assert.is(order(), change.orders.at(-1), where);
  checkHost(sysroot, { ...look, change: { ...change, problems: /^$/ } });

  const { deployments } = hostStatus(sysroot, commandLine);
  const base = join(sysroot.path, "atomic/deploy");
  const directories = readdirSync(base).flatMap((stateroot) => readdirSync(join(base, stateroot, "deploy")));
  assert.equal(directories.sort(), deployments.map(({ id }) => id).sort(), where);
  assert.equal(listRefs(sysroot.repo, "deployed").length, deployments.length, where);
  const entries = readdirSync(join(sysroot.boot, "loader/entries"));
  assert.is(entries.length, deployments.filter(({ staged }) => !staged).length, `${where}: ${entries.join(" ")}`);
  const history = join(base, "default/etc.git");
  if (existsSync(join(history, "HEAD"))) run(["git", "--git-dir", history, "fsck", "--full", "--strict"]);
}
