import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { changeKargs, deploy, rollback, softReboot, type Sysroot, unmountDeployment } from "../../src/deploy/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, etcOf, type Host, KERNEL, makeHost, summary } from "./host-fixture.ts";

const test = suite("deploy/soft-reboot", unmet({ mounts: true }));
const INITRAMFS = { [`usr/lib/modules/${KERNEL}/initramfs.img`]: "initramfs of all versions\n" };

/** Runs `work` on a host that runs version 1, and then deployed version 2 with the same kernel. */
async function onPending(
  options: { stage: boolean },
  work: (host: Host, about: { booted: string; nextRoot: string }) => Promise<void>,
): Promise<void> {
  const host = await makeHost();
  const nextRoot = join(host.base, "nextroot");
  try {
    await host.commit("1", INITRAMFS);
    await deploy(host.sysroot, { spec: "os/stable" });
    const booted = bootedLine(host.sysroot);
    await host.commit("2", INITRAMFS);
    await deploy(host.sysroot, { spec: "os/stable", commandLine: booted, ...options });
    await work(host, { booted, nextRoot });
  } finally {
    if (existsSync(nextRoot) && readdirSync(nextRoot).length > 0) unmountDeployment(nextRoot);
    host.remove();
  }
}

const attempt = (sysroot: Sysroot, commandLine: string, nextRoot: string, restart = () => {}) =>
  softReboot(sysroot, { commandLine, nextRoot, restart });

test("mounts what boots next as the next root, and then restarts", () =>
  onPending({ stage: false }, async ({ sysroot }, { booted, nextRoot }) => {
    let seen = "";
    await attempt(sysroot, booted, nextRoot, () => {
      seen = readFileSync(join(nextRoot, "usr/bin/tool"), "utf8");
      writeFileSync(join(nextRoot, "etc/written"), "");
    });
    assert.is(seen, "tool 2\n");
    assert.ok(existsSync(join(etcOf(sysroot), "written")));
  }));

test("finalizes first what is staged", () =>
  onPending({ stage: true }, async ({ sysroot }, { booted, nextRoot }) => {
    assert.is(summary(sysroot, booted), "2+~ 1*");
    writeFileSync(join(etcOf(sysroot, 1), "late"), "edited after staging\n");
    await attempt(sysroot, booted, nextRoot);
    assert.is(summary(sysroot, booted), "2+ 1*");
    assert.is(readFileSync(join(nextRoot, "etc/late"), "utf8"), "edited after staging\n");
  }));

test("mounts again what an attempt before left", () =>
  onPending({ stage: false }, async ({ sysroot }, { booted, nextRoot }) => {
    await attempt(sysroot, booted, nextRoot);
    await attempt(sysroot, booted, nextRoot);
    unmountDeployment(nextRoot);
    assert.equal(readdirSync(nextRoot), []);
  }));

test("unmounts the next root when the restart fails", () =>
  onPending({ stage: false }, async ({ sysroot }, { booted, nextRoot }) => {
    const fails = () => {
      throw new Error("no restart");
    };
    assert.is(await attempt(sysroot, booted, nextRoot, fails).catch((error: Error) => error.message), "no restart");
    assert.equal(readdirSync(nextRoot), []);
  }));

test("refuses what needs a real reboot, before it mounts anything", () =>
  onPending({ stage: false }, async ({ sysroot, ...host }, { booted, nextRoot }) => {
    const refused = async (code: string, commandLine = booted) => {
      assert.is(await codeOf(() => attempt(sysroot, commandLine, nextRoot)), code);
      assert.not(existsSync(nextRoot));
    };
    await refused("conflict", "quiet");
    await refused("nothing-to-do", bootedLine(sysroot));
    await changeKargs(sysroot, { edits: { append: ["debug"] }, commandLine: booted });
    await refused("conflict");
    await rollback(sysroot, { commandLine: booted });
    await refused("nothing-to-do");
    await host.commit("3", { [`usr/lib/modules/${KERNEL}/initramfs.img`]: "another initramfs\n" });
    await deploy(sysroot, { spec: "os/stable", commandLine: booted });
    await refused("conflict");
  }));

test("refuses a damaged image", () =>
  onPending({ stage: false }, async ({ sysroot }, { booted, nextRoot }) => {
    const image = join(etcOf(sysroot), "../image");
    const bytes = readFileSync(image);
    bytes[2000]! ^= 1;
    writeFileSync(image, bytes);
    assert.is(await codeOf(() => attempt(sysroot, booted, nextRoot)), "corrupt");
  }));
