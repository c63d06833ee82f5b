import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  deploy,
  hostStatus,
  removeStateroot,
  reset,
  rollback,
  undeploy,
  verifyHost,
} from "../../../src/deploy/index.ts";
import { parseKeptPath } from "../../../src/deploy/reset/kept-path.ts";
import { createDurable } from "../../../src/durable.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { bootedLine, codeOf, etcOf, type Host, makeHost, summary } from "../host-fixture.ts";

const test = suite("deploy/reset", unmet({ root: true }));

/** Runs `work` on a host that runs version 1 and has been lived in. */
async function onUsed(work: (host: Host, commandLine: string) => Promise<void>, disk = createDurable()): Promise<void> {
  const host = await makeHost({ disk });
  try {
    await host.commit("1", { "var/lib/of-image": "from the image\n" });
    await deploy(host.sysroot, { spec: "os/stable", kargs: { append: ["root=LABEL=x"] } });
    const etc = etcOf(host.sysroot);
    writeFileSync(join(etc, "motd"), "edited\n");
    writeFileSync(join(etc, "fstab"), "LABEL=data /data ext4 defaults 0 2\n");
    mkdirSync(join(etc, "ssh"));
    writeFileSync(join(etc, "ssh/key"), "secret\n");
    chmodSync(join(etc, "ssh/key"), 0o600);
    symlinkSync("key", join(etc, "ssh/link"));
    writeFileSync(varOf(host, "default", "log"), "noise\n");
    await work(host, bootedLine(host.sysroot));
  } finally {
    host.remove();
  }
}

function varOf({ sysroot }: Host, stateroot: string, path: string): string {
  return join(sysroot.path, "atomic/deploy", stateroot, "var", path);
}

test("gives the next boot the image's /etc and /var, and keeps what the machine needs", () =>
  onUsed(async (host, commandLine) => {
    const { sysroot } = host;
    const { kept, to } = await reset(sysroot, { commandLine });
    assert.is(to, "default-2");
    assert.equal(kept, ["/etc/fstab"]);
    const [next, booted] = hostStatus(sysroot, commandLine).deployments;
    assert.equal([next?.stateroot, next?.commit], ["default-2", booted?.commit]);
    assert.equal(next?.kargs, ["root=LABEL=x"]);
    const etc = etcOf(sysroot);
    assert.is(readFileSync(join(etc, "motd"), "utf8"), "welcome to 1\n");
    assert.is(readFileSync(join(etc, "fstab"), "utf8"), "LABEL=data /data ext4 defaults 0 2\n");
    assert.not(existsSync(join(etc, "ssh")));
    assert.is(readFileSync(varOf(host, "default-2", "lib/of-image"), "utf8"), "from the image\n");
    assert.not(existsSync(varOf(host, "default-2", "log")));
    assert.equal(verifyHost(sysroot, commandLine).defects, []);
  }));

test("keeps what it is told to, with modes and symlinks", () =>
  onUsed(async (host, commandLine) => {
    const { kept } = await reset(host.sysroot, { commandLine, keep: ["/etc/ssh/", "/etc/ssh/key", "/var/log"] });
    assert.equal(kept, ["/etc/fstab", "/etc/ssh", "/var/log"]);
    const etc = etcOf(host.sysroot);
    assert.is(readFileSync(join(etc, "ssh/link"), "utf8"), "secret\n");
    assert.is(statSync(join(etc, "ssh/key")).mode & 0o777, 0o600);
    assert.is(readFileSync(varOf(host, "default-2", "log"), "utf8"), "noise\n");
  }));

test("leaves the former state to return to", () =>
  onUsed(async (host, commandLine) => {
    const { sysroot } = host;
    await reset(sysroot, { commandLine });
    await rollback(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "1* 1");
    assert.is(readFileSync(join(etcOf(sysroot), "motd"), "utf8"), "edited\n");
    assert.is(readFileSync(varOf(host, "default", "log"), "utf8"), "noise\n");
  }));

test("resets again into a further stateroot", () =>
  onUsed(async ({ sysroot }, commandLine) => {
    await reset(sysroot, { commandLine });
    const { from, to } = await reset(sysroot, { commandLine: bootedLine(sysroot) });
    assert.equal([from, to], ["default-2", "default-3"]);
  }));

test("changes nothing when it is refused, not confirmed, or only asked what it would do", () =>
  onUsed(async ({ sysroot }, commandLine) => {
    const attempt = (options: Parameters<typeof reset>[1]) => codeOf(() => reset(sysroot, { commandLine, ...options }));
    assert.is(await attempt({ keep: ["/usr/lib"] }), "usage");
    assert.is(await attempt({ keep: ["/etc/absent"] }), "not-found");
    symlinkSync("/usr", join(etcOf(sysroot), "away"));
    assert.is(await attempt({ keep: ["/etc/away/lib"] }), "not-found");
    assert.is(await attempt({ confirm: () => false }), "conflict");
    assert.is(await attempt({ stateroot: "absent" }), "not-found");
    assert.is(await attempt({ dryRun: true }), "none");
    assert.is(summary(sysroot, commandLine), "1*");
    assert.not(existsSync(join(sysroot.path, "atomic/deploy/default-2")));
  }));

test("takes nothing from a reset that was cut short", () =>
  onUsed(async (host, commandLine) => {
    const leftover = varOf(host, "default-2", "log");
    mkdirSync(join(leftover, ".."), { recursive: true });
    writeFileSync(leftover, "of the first attempt\n");
    await reset(host.sysroot, { commandLine });
    assert.not(existsSync(leftover));
  }));

test("removes a stateroot once nothing is deployed in it", () =>
  onUsed(async ({ sysroot }, commandLine) => {
    await reset(sysroot, { commandLine });
    const booted = bootedLine(sysroot);
    const attempt = (options = {}) =>
      codeOf(() => removeStateroot(sysroot, { name: "default", commandLine: booted, ...options }));
    assert.is(await attempt(), "conflict");
    await undeploy(sysroot, { target: "1", commandLine: booted });
    assert.is(await attempt({ confirm: () => false }), "conflict");
    assert.is(await attempt(), "none");
    assert.not(existsSync(join(sysroot.path, "atomic/deploy/default")));
    assert.is(await attempt(), "not-found");
  }));

for (const path of [
  "",
  "/",
  "etc/x",
  "/etc",
  "/etc/",
  "/var",
  "/usr/x",
  "/etc/../usr",
  "/etc//x",
  "/var/./x",
  "/etcx/y",
]) {
  test(`refuses to keep '${path}'`, async () => {
    assert.is(await codeOf(() => parseKeptPath(path)), "usage");
  });
}
