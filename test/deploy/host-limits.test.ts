import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  cleanup,
  deploy,
  hostStatus,
  initHost,
  mountDeployment,
  openSysroot,
  type Sysroot,
  unmountDeployment,
  upgrade,
  verifyHost,
} from "../../src/deploy/index.ts";
import { createDurable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import { fsck, parseRefName, pullLocal, resolveRev } from "../../src/ostree/index.ts";
import { run } from "../../src/spawn.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { codeOf, etcOf, type Host, KERNEL, makeHost, summary } from "./host-fixture.ts";

const test = suite("deploy/host-limits", unmet({ root: true, mounts: true, programs: ["mkfs.ext4"] }));

/** A host, and a second sysroot with version 1 deployed on an ext4 of its own, of `mib` MiB. */
async function onSmallDisk(mib: number, work: (small: Sysroot, host: Host) => Promise<void>): Promise<void> {
  const host = await makeHost();
  const [image, at] = [join(host.base, "disk"), join(host.base, "small")];
  mkdirSync(at);
  run(["truncate", "-s", `${mib}M`, image]);
  run(["mkfs.ext4", "-q", "-O", "^has_journal", image]);
  run(["mount", "-o", "loop", image, at]);
  try {
    const { sysroot } = await initHost(at, { disk: createDurable() });
    await host.commit("1");
    await deploy(sysroot, { spec: "os/stable", from: host.sysroot.path });
    await work(sysroot, host);
  } finally {
    run(["umount", "--lazy", at]);
    host.remove();
  }
}

async function errorOf(work: () => Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work();
  } catch (error) {
    if (isAtomicError(error)) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: "none", message: "" };
}

test("refuses what does not fit before it writes anything, and names the bytes", () =>
  onSmallDisk(16, async (small, host) => {
    await host.commit("2", { "usr/share/big": "x".repeat(20 * 1024 * 1024) });
    const before = run(["find", small.path]).stdout.toString();
    const { code, message } = await errorOf(() => upgrade(small));
    assert.is(code, "no-space");
    assert.match(message, /expected \d+ bytes \(\d+\.\d MiB\) free, found \d+ bytes/);
    assert.is(run(["find", small.path]).stdout.toString(), before);
    assert.is(summary(small), "1+");
  }));

/** A host whose boot directory is a filesystem of its own, of `mib` MiB, and a second one to upgrade from. */
async function withSmallBoot(mib: number, work: (small: Sysroot, host: Host) => Promise<void>): Promise<void> {
  const host = await makeHost();
  const at = join(host.base, "small");
  mkdirSync(at);
  await initHost(at, { disk: createDurable() });
  run(["mount", "-t", "tmpfs", "-o", `size=${mib}M`, "boot", join(at, "boot")]);
  mkdirSync(join(at, "boot/loader/entries"), { recursive: true });
  try {
    await work(openSysroot(at, createDurable()), host);
  } finally {
    run(["umount", join(at, "boot")]);
    host.remove();
  }
}

const MIB = 1024 * 1024;
const kernelOf = (name: string, mib: number): Record<string, string> => ({
  [`usr/lib/modules/${KERNEL}/vmlinuz`]: name.repeat(mib * MIB),
});

test("refuses a kernel for which the boot directory is too small, before it pulls anything", () =>
  withSmallBoot(5, async (small, host) => {
    await host.commit("1", kernelOf("a", 2));
    await deploy(small, { spec: "os/stable", from: host.sysroot.path });
    await host.commit("2", kernelOf("b", 3));
    const before = run(["find", small.path]).stdout.toString();
    const { code, message } = await errorOf(() => upgrade(small));
    assert.is(code, "no-space");
    const needed = 3 * MIB + 4096 + MIB; // the initramfs takes a block; what cannot be foreseen, a MiB
    assert.match(message, new RegExp(`^writing to .*/boot: expected ${needed} bytes .* free, found \\d+ bytes`));
    assert.is(run(["find", small.path]).stdout.toString(), before);
    assert.is(summary(small), "1+");
  }));

test("needs no room in the boot directory for a kernel that is there", () =>
  withSmallBoot(5, async (small, host) => {
    const files = { ...kernelOf("a", 3), [`usr/lib/modules/${KERNEL}/initramfs.img`]: "same" };
    await host.commit("1", files);
    await deploy(small, { spec: "os/stable", from: host.sysroot.path });
    await host.commit("2", files);
    await upgrade(small);
    assert.is(summary(small), "2+ 1-");
  }));

test("keeps no kernel in the boot directory that no entry names, over ten upgrades", () =>
  withSmallBoot(8, async (small, host) => {
    await host.commit("0", kernelOf("0", 2));
    await deploy(small, { spec: "os/stable", from: host.sysroot.path });
    for (let i = 1; i <= 10; i++) {
      await host.commit(String(i), kernelOf(i % 2 === 0 ? "a" : "b", 2));
      await upgrade(small);
      const entries = join(small.boot, "loader/entries");
      const text = readdirSync(entries).map((name) => readFileSync(join(entries, name), "utf8"));
      const named = text.map((entry) => /^linux \/atomic\/([^/]+)\/vmlinuz$/m.exec(entry)![1]!).sort();
      assert.equal(readdirSync(join(small.boot, "atomic")).sort(), named);
    }
    assert.is(summary(small), "10+ 9-");
  }));

test("survives a disk that others fill meanwhile", () =>
  onSmallDisk(16, async (small, host) => {
    const commit = await host.commit("2", { "usr/etc/big": "y".repeat(3 * 1024 * 1024) });
    await pullLocal(small.repo, host.sysroot.repo, { commit, ref: parseRefName("os/stable") });
    const filler = join(small.path, "filler");
    const free = Number(run(["stat", "-f", "--format=%a", small.path]).stdout.toString()) * 1024;
    writeFileSync(filler, Buffer.alloc(Math.max(0, free - 2 * 1024 * 1024)));
    assert.is((await errorOf(() => deploy(small, { spec: commit }))).code, "no-space");
    assert.is(summary(small), "1+");
    run(["rm", filler]);
    await deploy(small, { spec: commit });
    await cleanup(small);
    assert.is(summary(small), "2+ 1-");
    assert.equal(verifyHost(small).defects, []);
    assert.equal(fsck(small.repo, {}).defects, []);
    assert.is(resolveRev(small.repo, commit), commit);
  }));

test("says that the sysroot is mounted read-only, and still shows it", () =>
  onSmallDisk(16, async (small, host) => {
    await host.commit("2");
    run(["mount", "-o", "remount,ro", small.path]);
    const readOnly = openSysroot(small.path, createDurable());
    assert.is(summary(readOnly), "1+");
    for (const write of [() => upgrade(readOnly), () => cleanup(readOnly), () => deploy(readOnly, { spec: "x" })]) {
      assert.is(await codeOf(write), "read-only");
    }
    run(["mount", "-o", "remount,rw", small.path]);
    await upgrade(small);
    assert.is(summary(small), "2+ 1-");
  }));

test("makes a second writer wait, then names the one that holds the lock", async () => {
  const host = await makeHost();
  const lock = join(host.sysroot.path, "atomic/lock");
  await host.commit("1");
  await deploy(host.sysroot, { spec: "os/stable" });
  const script = `exec 9<>"$0"; flock 9; echo "$$ atomic host upgrade" > "$0"; echo locked; sleep "$1"`;
  const hold = async (seconds: string) => {
    const child = spawn("bash", ["-c", script, lock, seconds], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    return child;
  };
  const before = process.env["ATOMIC_LOCK_PATIENCE"];
  try {
    await host.commit("2");
    const first = await hold("60");
    process.env["ATOMIC_LOCK_PATIENCE"] = "100";
    const { code, message } = await errorOf(() => upgrade(host.sysroot));
    assert.is(code, "locked");
    assert.match(message, new RegExp(`held by process ${first.pid} atomic host upgrade`));
    assert.is(hostStatus(host.sysroot).deployments.length, 1, "reading needs no lock");
    first.kill("SIGKILL");
    await hold("0.3");
    process.env["ATOMIC_LOCK_PATIENCE"] = "60000";
    await upgrade(host.sysroot);
    assert.is(summary(host.sysroot), "2+ 1-");
  } finally {
    if (before === undefined) delete process.env["ATOMIC_LOCK_PATIENCE"];
    else process.env["ATOMIC_LOCK_PATIENCE"] = before;
    host.remove();
  }
});

test("mounts a deployment as it would boot", async () => {
  const host = await makeHost();
  const at = join(host.base, "with, odd: name");
  mkdirSync(at);
  try {
    await host.commit("1", { "usr/bin/tool": "#!/bin/sh\necho runs\n", "usr/share/empty": "" });
    await deploy(host.sysroot, { spec: "os/stable" });
    writeFileSync(join(host.sysroot.path, "atomic/deploy/default/var/shared"), "of the stateroot\n");
    const { id } = mountDeployment(host.sysroot, { directory: at });
    try {
      assert.is(id, hostStatus(host.sysroot).deployments[0]!.id);
      assert.is(run(["sh", join(at, "usr/bin/tool")]).stdout.toString(), "runs\n");
      assert.is(readFileSync(join(at, "usr/share/empty"), "utf8"), "");
      assert.throws(
        () => writeFileSync(join(at, "usr/new"), ""),
        (error: NodeJS.ErrnoException) => error.code === "EROFS",
      );
      assert.throws(
        () => writeFileSync(join(at, "usr/bin/tool"), ""),
        (error: NodeJS.ErrnoException) => error.code === "EROFS",
      );
      writeFileSync(join(at, "etc/mine"), "mine\n");
      assert.is(readFileSync(join(etcOf(host.sysroot), "mine"), "utf8"), "mine\n");
      assert.is(readFileSync(join(at, "var/shared"), "utf8"), "of the stateroot\n");
      assert.equal(readdirSync(join(at, "sysroot")).sort(), ["atomic", "boot"]);
      assert.is(await codeOf(() => mountDeployment(host.sysroot, { directory: at })), "conflict");
    } finally {
      unmountDeployment(at);
    }
    assert.equal(readdirSync(at), []);
    assert.is(await codeOf(() => unmountDeployment(at)), "not-found");
    assert.is(await codeOf(() => mountDeployment(host.sysroot, { directory: at, target: "3" })), "not-found");
    assert.is(await codeOf(() => mountDeployment(host.sysroot, { directory: join(at, "absent") })), "not-found");
  } finally {
    host.remove();
  }
});
