import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  changeKargs,
  cleanup,
  deploy,
  finalize,
  hostKargs,
  hostStatus,
  openSysroot,
  rebase,
  upgrade,
} from "../../src/deploy/index.ts";
import { stagesByDefault } from "../../src/deploy/stages-by-default.ts";
import { createDurable } from "../../src/durable.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, etcOf, type Host, makeHost, summary } from "./host-fixture.ts";

const test = suite("deploy/finalize", unmet({ root: true }));

/** A host that runs version 1, with version 2 committed. */
async function onBooted(work: (host: Host, commandLine: string) => Promise<void>): Promise<void> {
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    const commandLine = bootedLine(host.sysroot);
    await host.commit("2");
    await work(host, commandLine);
  } finally {
    host.remove();
  }
}

test("stages whatever is deployed on a booted host, unless told otherwise", () =>
  onBooted(async ({ sysroot }, commandLine) => {
    await upgrade(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "2+~ 1*");
    assert.is(await codeOf(() => upgrade(sysroot, { commandLine })), "nothing-to-do");
    await rebase(sysroot, { spec: "os/stable", commandLine, stage: false });
    assert.is(summary(sysroot, commandLine), "2+ 1*");
  }));

test("stages only where something finalizes at shutdown", () => {
  assert.is(stagesByDefault({ running: false }, {}), false);
  assert.is(stagesByDefault({ running: true }, {}), false);
});

test("keeps the kernel arguments and the ref of what is staged", () =>
  onBooted(async ({ sysroot, commit }, commandLine) => {
    const beta = await commit("3-beta", {}, "os/beta");
    await rebase(sysroot, { spec: "os/beta", commandLine });
    await changeKargs(sysroot, { edits: { append: ["first"] }, commandLine });
    await changeKargs(sysroot, { edits: { append: ["second"] }, commandLine });
    assert.equal(hostKargs(sysroot, "0", commandLine), ["first", "second"]);
    assert.is(summary(sysroot, commandLine), "3-beta+~ 1*");
    await deploy(sysroot, { spec: beta, kargs: { append: ["third"] }, commandLine });
    const [staged] = hostStatus(sysroot, commandLine).deployments;
    assert.is(staged?.origin, "os/beta");
    assert.equal(staged?.kargs, ["first", "second", "third"]);
  }));

test("says why finalizing failed, until it succeeds", () =>
  onBooted(async ({ sysroot }, commandLine) => {
    await upgrade(sysroot, { commandLine });
    const config = join(sysroot.path, "atomic/config.json");
    writeFileSync(config, "{");
    assert.is(await codeOf(() => finalize(sysroot, { commandLine, now: 1_800_000_000 })), "invalid");
    rmSync(config);
    const { deployments, problems } = hostStatus(sysroot, commandLine);
    assert.is(deployments[0]!.staged, true);
    assert.is(problems.length, 1);
    assert.match(problems[0]!, /^finalizing [0-9a-f]{12}\.0 failed at 2027-01-15T08:00:00Z: reading .*: not JSON; /);
    assert.match(problems[0]!, "atomic host finalize");
    writeFileSync(join(etcOf(sysroot, 1), "late"), "after staging\n");
    await finalize(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "2+ 1*");
    assert.equal(hostStatus(sysroot, commandLine).problems, []);
    assert.is(readFileSync(join(etcOf(sysroot), "late"), "utf8"), "after staging\n");
  }));

test("forgets the failure when something else is staged", () =>
  onBooted(async ({ sysroot, commit }, commandLine) => {
    await upgrade(sysroot, { commandLine });
    const full = openSysroot(sysroot.path, createDurable({ failAt: { operation: 2, errno: "ENOSPC" } }));
    assert.is(await codeOf(() => finalize(full, { commandLine })), "no-space");
    assert.match(hostStatus(sysroot, commandLine).problems[0] ?? "", /no space left/i);
    await commit("3");
    await upgrade(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "3+~ 1*");
    assert.equal(hostStatus(sysroot, commandLine).problems, []);
  }));

test("says that the machine went down without finalizing", () =>
  onBooted(async ({ sysroot }, commandLine) => {
    await upgrade(sysroot, { commandLine });
    const staged = join(sysroot.path, "atomic/staged.json");
    const { deployment } = JSON.parse(readFileSync(staged, "utf8")) as { deployment: string };
    writeFileSync(staged, JSON.stringify({ deployment, boot: "before" }));
    assert.equal(hostStatus(sysroot, commandLine, "before").problems, []);
    assert.match(hostStatus(sysroot, commandLine, "after").problems[0] ?? "", /went down without finalizing it/);
  }));

for (const [what, repeat] of Object.entries({
  finalize: (host: Host, commandLine: string) =>
    codeOf(() => finalize(host.sysroot, { commandLine })).then((code) => assert.is(code, "nothing-to-do")),
  cleanup: (host: Host, commandLine: string) => cleanup(host.sysroot, { commandLine }),
  upgrade: (host: Host, commandLine: string) =>
    host.commit("3").then(() => upgrade(host.sysroot, { commandLine, stage: false })),
})) {
  test(`${what} forgets what was finalized already when that was cut short`, () =>
    onBooted(async (host, commandLine) => {
      const staged = join(host.sysroot.path, "atomic/staged.json");
      await upgrade(host.sysroot, { commandLine });
      const text = readFileSync(staged, "utf8");
      await finalize(host.sysroot, { commandLine });
      writeFileSync(staged, text);
      assert.is(summary(host.sysroot, commandLine), "2+ 1*");
      await repeat(host, commandLine);
      assert.throws(() => readFileSync(staged), /ENOENT/);
    }));
}

test("refuses to finalize what cannot be used", () =>
  onBooted(async ({ sysroot }, commandLine) => {
    await upgrade(sysroot, { commandLine });
    writeFileSync(join(etcOf(sysroot, 0), "../origin.json"), "{");
    assert.is(await codeOf(() => finalize(sysroot, { commandLine })), "corrupt");
    assert.is(summary(sysroot, commandLine), "1*");
  }));
