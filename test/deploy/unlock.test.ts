import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deploy, isUnlocked, mountDeployment, unlock, unmountDeployment } from "../../src/deploy/index.ts";
import { umount } from "../../src/linux/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, type Host, makeHost } from "./host-fixture.ts";

const test = suite("deploy/unlock", unmet({ mounts: true }));

/** Runs `work` on a host whose deployment is mounted at `root`. */
async function onRunning(work: (host: Host, root: string) => Promise<void>): Promise<void> {
  const host = await makeHost();
  const root = join(host.base, "root");
  mkdirSync(root);
  await host.commit("1");
  await deploy(host.sysroot, { spec: "os/stable" });
  mountDeployment(host.sysroot, { directory: root });
  try {
    await work(host, root);
  } finally {
    unmountDeployment(root);
    host.remove();
  }
}

test("lets /usr be changed, and leaves the deployment as it is", () =>
  onRunning(async ({ base, sysroot }, root) => {
    const changes = join(base, "changes");
    const tool = join(root, "usr/bin/tool");
    assert.throws(() => writeFileSync(tool, "changed"), /EROFS/);
    assert.not(isUnlocked(root));

    await unlock(sysroot, { commandLine: bootedLine(sysroot), root, changes });
    assert.ok(isUnlocked(root));
    writeFileSync(tool, "changed");
    writeFileSync(join(root, "usr/bin/new"), "new");
    assert.is(readFileSync(tool, "utf8"), "changed");
    assert.throws(() => writeFileSync(join(root, "outside"), ""), /EROFS/);
    assert.is(
      await codeOf(() => unlock(sysroot, { commandLine: bootedLine(sysroot), root, changes })),
      "nothing-to-do",
    );

    umount(join(root, "usr"));
    assert.is(readFileSync(tool, "utf8"), "tool 1\n");
    assert.not(existsSync(join(root, "usr/bin/new")));
  }));

test("refuses where no deployment is booted", () =>
  onRunning(async ({ base, sysroot }, root) => {
    assert.is(await codeOf(() => unlock(sysroot, { root, changes: join(base, "changes") })), "conflict");
    assert.not(existsSync(join(base, "changes")));
  }));
