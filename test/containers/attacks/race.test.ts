/** What a container that runs already may do to one that is being started: change what both have mounted. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { busyboxRoot } from "../../support/busybox.ts";
import { containersUnmet, runContainer } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/attacks/race", containersUnmet());

const ROUNDS = 40;
/** For ever: `x` is a directory, then a symlink, then nothing. */
const FLIP = 'cd "$1"; while :; do mkdir -p x/deep; rm -rf x; ln -sfn "$2" x; rm -f x; done';

for (const [what, target] of [
  ["the host", (outside: string) => outside],
  ["the host, by way of ..", (outside: string) => `../../../../../../../..${outside}`],
  ["the host, by way of /proc", (outside: string) => `/proc/self/root${outside}`],
] as const) {
  test(`CVE-2021-30465: a mount point exchanged for a symlink to ${what} is not followed there`, async () => {
    const [shared, outside, rootfs] = [tempDir(), tempDir(), busyboxRoot()];
    mkdirSync(join(outside, "deep"));
    const mounts = [
      { destination: "/shared", type: "bind", source: shared, options: ["bind"] },
      { destination: "/shared/x/deep", type: "tmpfs", source: "escaped" },
      { destination: "/shared/x/deep/below", type: "tmpfs", source: "escaped" },
    ];
    const attacker = spawn("sh", ["-c", FLIP, "sh", shared, target(outside)], { stdio: "ignore" });
    const ended = new Promise((done) => attacker.on("exit", done));
    let started = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { status } = await runContainer({ rootfs, mounts });
      if (status === 0) started += 1;
      assert.not.match(readFileSync("/proc/self/mountinfo", "utf8"), /escaped/);
    }
    attacker.kill("SIGKILL");
    await ended;
    assert.equal(readdirSync(outside), ["deep"]);
    assert.equal(readdirSync(join(outside, "deep")), []);
    assert.ok(started <= ROUNDS);
  });
}
