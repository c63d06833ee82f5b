import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  bless,
  checkUpgrade,
  cleanup,
  deploy,
  giveUp,
  type HealthReport,
  hostHistory,
  hostStatus,
  recordHealth,
  rollback,
  upgrade,
} from "../../../src/deploy/index.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { bootedLine, codeOf, etcOf, type Host, makeHost } from "../host-fixture.ts";

const test = suite("deploy/health/judge-boot", unmet({ root: true }));

const HEALTHY: HealthReport = { healthy: true, checks: [] };
const UNHEALTHY: HealthReport = {
  healthy: false,
  checks: [
    { name: "w", path: "/w", required: false, passed: false, ending: "exited with 2", output: "wanted" },
    { name: "net", path: "/net", required: true, passed: false, ending: "exited with 7", output: "no route" },
  ],
};

/** A host with version 1, known to boot, and version 2 that boots next; `line(V)` is the command line of a version. */
async function onUpgraded(work: (host: Host, line: (version: string) => string) => Promise<void>): Promise<void> {
  const host = await makeHost();
  const { sysroot } = host;
  try {
    await host.commit("1");
    await deploy(sysroot, { spec: "os/stable" });
    await bless(sysroot, { commandLine: bootedLine(sysroot), boot: "b1" });
    await host.commit("2");
    await upgrade(sysroot);
    await work(host, (version) =>
      bootedLine(
        sysroot,
        hostStatus(sysroot).deployments.findIndex((deployment) => deployment.version === version),
      ),
    );
  } finally {
    host.remove();
  }
}

/** What the loader does when it starts the default entry. @returns the names of the entries */
function countAttempt({ sysroot }: Host): string[] {
  const directory = join(sysroot.boot, "loader/entries");
  for (const name of readdirSync(directory)) {
    const [, stem, left, done] = /^(.*)\+(\d)-(\d)\.conf$/.exec(name) ?? [];
    if (stem === undefined || left === "0") continue;
    renameSync(join(directory, name), join(directory, `${stem}+${Number(left) - 1}-${Number(done) + 1}.conf`));
  }
  return readdirSync(directory).sort();
}

/** Uses up all attempts of version 2. */
function exhaust(host: Host): void {
  for (let attempt = 0; attempt < 3; attempt++) countAttempt(host);
}
const actions = ({ sysroot }: Host): string[] => hostHistory(sysroot).map(({ action }) => action);
const shown = ({ sysroot }: Host, commandLine: string) =>
  hostStatus(sysroot, commandLine).deployments.map(({ version, failed, failure, rollback: back }) => ({
    version,
    failed,
    failure,
    rollback: back,
  }));

test("marks a boot that is good, once", () =>
  onUpgraded(async (host, line) => {
    countAttempt(host);
    await recordHealth(host.sysroot, HEALTHY, { commandLine: line("2"), boot: "b2" });
    const { id } = await bless(host.sysroot, { commandLine: line("2"), boot: "b2" });
    assert.is(readdirSync(join(host.sysroot.boot, "loader/entries")).filter((name) => name.includes("+")).length, 0);
    assert.equal(actions(host), ["healthy", "upgrade", "healthy", "deploy"]);
    assert.is(hostHistory(host.sysroot)[0]!.to, id);
    await bless(host.sysroot, { commandLine: line("2"), boot: "b2" });
    assert.is(actions(host).length, 4);
    assert.is(hostStatus(host.sysroot).deployments[0]!.bootCounter, null);
  }));

test("records the check that failed, and restarts while the loader counts", () =>
  onUpgraded(async (host, line) => {
    const verdicts = [];
    for (const boot of ["b2", "b3", "b4"]) {
      countAttempt(host);
      const options = { commandLine: line("2"), boot };
      await recordHealth(host.sysroot, UNHEALTHY, options);
      verdicts.push(await giveUp(host.sysroot, options));
      await giveUp(host.sysroot, options); // another service of the same boot
    }
    const first = hostStatus(host.sysroot).deployments.find(({ version }) => version === "1")!;
    assert.equal(
      verdicts.map(({ restart, why }) => ({ restart, why })),
      [
        { restart: true, why: "2 of 3 boot attempts are left" },
        { restart: true, why: "1 of 3 boot attempts are left" },
        { restart: true, why: `no boot attempt is left, and ${first.id} is started instead` },
      ],
    );
    const failed = JSON.parse(readFileSync(join(etcOf(host.sysroot, 1), "../failure.json"), "utf8")) as object;
    assert.equal(
      { ...failed, time: 0 },
      { time: 0, reason: "check net exited with 7", boot: "b4", order: 2, attempts: 3, output: "no route" },
    );
  }));

test("notes on the old host, once, that the new one failed, and why", () =>
  onUpgraded(async (host, line) => {
    exhaust(host);
    await recordHealth(host.sysroot, UNHEALTHY, { commandLine: line("2"), boot: "b2" });
    const options = { commandLine: line("1"), boot: "b3" };
    await recordHealth(host.sysroot, HEALTHY, options);
    await bless(host.sysroot, options);
    assert.equal(actions(host), ["failed", "upgrade", "healthy", "deploy"]);
    const [event] = hostHistory(host.sysroot);
    const { deployments } = hostStatus(host.sysroot, line("1"));
    assert.equal([event?.from, event?.to], [deployments[1]!.id, deployments[0]!.id]);
    assert.equal([event?.reason, event?.version], ["check net exited with 7", "2"]);
    assert.equal(shown(host, line("1")), [
      { version: "1", failed: false, failure: null, rollback: false },
      { version: "2", failed: true, failure: "check net exited with 7", rollback: false },
    ]);
  }));

test("takes over what the initramfs left", () =>
  onUpgraded(async (host, line) => {
    exhaust(host);
    const { id } = hostStatus(host.sysroot).deployments[1]!;
    const left = join(host.sysroot.path, "atomic/boot-failure");
    writeFileSync(left, `default/${id}\nmounting the root: no such device\n`);
    assert.is(shown(host, line("1"))[1]!.failure, "initramfs: mounting the root: no such device");
    await recordHealth(host.sysroot, HEALTHY, { commandLine: line("1"), boot: "b3" });
    assert.throws(() => readFileSync(left), /ENOENT/);
    assert.is(hostHistory(host.sysroot)[0]!.reason, "initramfs: mounting the root: no such device");
    assert.is(shown(host, line("1"))[1]!.failure, "initramfs: mounting the root: no such device");
  }));

test("says that nothing is known of one that crashed", () =>
  onUpgraded(async (host, line) => {
    exhaust(host);
    await bless(host.sysroot, { commandLine: line("1"), boot: "b3" });
    assert.match(hostHistory(host.sysroot)[0]!.reason ?? "", /^it did not come up, and nothing says why/);
  }));

for (const [what, text] of Object.entries({
  "an empty file": "",
  "another deployment": `default/${"0".repeat(64)}.0\nwhy\n`,
  "a path": "../../etc\nwhy\n",
  bytes: "\0\xff\n\n",
})) {
  test(`passes over ${what} in place of what the initramfs leaves`, () =>
    onUpgraded(async (host, line) => {
      writeFileSync(join(host.sysroot.path, "atomic/boot-failure"), text);
      for (const name of [0, 1]) writeFileSync(join(etcOf(host.sysroot, name), "../failure.json"), text);
      await recordHealth(host.sysroot, HEALTHY, { commandLine: line("1"), boot: "b3" });
      assert.equal(
        shown(host, line("1")).map(({ failure }) => failure),
        [null, null],
      );
    }));
}

test("does not restart where no other deployment can follow", () =>
  onUpgraded(async (host, line) => {
    countAttempt(host);
    const entries = join(host.sysroot.boot, "loader/entries");
    const good = readdirSync(entries).find((name) => !name.includes("+"))!;
    renameSync(join(entries, good), join(entries, good.replace(".conf", "+0-3.conf")));
    const verdict = await giveUp(host.sysroot, { commandLine: line("2"), boot: "b2" });
    assert.is(verdict.restart, false);
    assert.match(verdict.why, "no other deployment");
    assert.match(
      hostStatus(host.sysroot, line("2")).deployments[0]!.failure ?? "",
      /boot-complete\.target was not reached/,
    );
  }));

test("does not restart from a deployment that is known to boot", () =>
  onUpgraded(async (host, line) => {
    const options = { commandLine: line("1"), boot: "b2" };
    await recordHealth(host.sysroot, UNHEALTHY, options);
    assert.equal([(await giveUp(host.sysroot, options)).restart], [false]);
    const old = shown(host, line("1")).find(({ version }) => version === "1")!;
    assert.equal([old.failed, old.failure], [true, "check net exited with 7"]);
    await bless(host.sysroot, { ...options, boot: "b3" });
    assert.is(shown(host, line("1")).find(({ version }) => version === "1")!.failure, null);
  }));

test("stops restarting when nothing counts", () =>
  onUpgraded(async (host, line) => {
    const restarts = [];
    for (const boot of ["b1", "b2", "b3", "b4", "b5"]) {
      restarts.push((await giveUp(host.sysroot, { commandLine: line("2"), boot })).restart);
    }
    assert.equal(restarts, [true, true, true, false, false]);
  }));

test("does not upgrade to what failed, unless told to try again", () =>
  onUpgraded(async (host, line) => {
    exhaust(host);
    const commandLine = line("1");
    assert.is(await codeOf(() => upgrade(host.sysroot, { commandLine })), "conflict", "before anything was recorded");
    await bless(host.sysroot, { commandLine, boot: "b3" });
    await cleanup(host.sysroot, { commandLine });
    assert.equal(
      shown(host, commandLine).map(({ version }) => version),
      ["1"],
    );
    assert.is(await codeOf(() => upgrade(host.sysroot, { commandLine })), "conflict", "although it is gone");
    assert.match((await checkUpgrade(host.sysroot, { commandLine })).failure ?? "", /^it did not come up/);
    await upgrade(host.sysroot, { commandLine, retry: true, stage: false });
    countAttempt(host);
    await bless(host.sysroot, { commandLine: line("2"), boot: "b4" });
    await rollback(host.sysroot, { commandLine: line("2") });
    assert.is((await checkUpgrade(host.sysroot, { commandLine: line("1") })).failure, undefined, "it boots now");
  }));

test("tries a failed one again, with new attempts, when rolled back to it", () =>
  onUpgraded(async (host, line) => {
    exhaust(host);
    const commandLine = line("1");
    await bless(host.sysroot, { commandLine, boot: "b3" });
    assert.is(await codeOf(() => rollback(host.sysroot, { commandLine })), "conflict");
    await rollback(host.sysroot, { to: "1", commandLine });
    const [first] = hostStatus(host.sysroot, commandLine).deployments;
    assert.equal([first?.version, first?.failed, first?.bootCounter], ["2", false, { left: 3, done: 0 }]);
  }));

test("judges no boot where no deployment is booted", () =>
  onUpgraded(async ({ sysroot }) => {
    const options = { commandLine: "", boot: "b" };
    for (const judge of [
      () => bless(sysroot, options),
      () => giveUp(sysroot, options),
      () => recordHealth(sysroot, HEALTHY, options),
    ]) {
      assert.is(await codeOf(judge), "conflict");
    }
  }));
