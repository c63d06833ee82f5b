import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { cleanup, deploy, hostStatus, upgrade } from "../../src/deploy/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, type Host, makeHost } from "./host-fixture.ts";

const test = suite("deploy/unfinished", unmet({ root: true }));

async function onHost(work: (host: Host) => Promise<void>): Promise<void> {
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    await work(host);
  } finally {
    host.remove();
  }
}

test("cleanup takes what crashes left, and nothing that is named alike", () =>
  onHost(async ({ sysroot }) => {
    const { id, commit } = hostStatus(sysroot).deployments[0]!;
    const stateroot = join(sysroot.path, "atomic/deploy/default");
    const deployment = join(stateroot, "deploy", id);
    const repo = join(sysroot.path, "atomic/repo");
    const left = [
      join(sysroot.path, "atomic/.staged.json.1a2b3c4d.tmp"),
      join(stateroot, ".history.jsonl.x.tmp"),
      join(deployment, ".origin.json.12345678.tmp"),
      join(sysroot.boot, "loader/entries/.atomic.conf.abc.tmp"),
      join(repo, "refs/os/.stable.abcdefgh.tmp"),
      join(repo, ".summary.abcdefgh.tmp"),
    ];
    for (const path of left) writeFileSync(path, "half");
    mkdirSync(join(stateroot, "deploy", `.${commit}.9.unfinished`));
    const kept = [join(deployment, "etc/.app.abc.tmp"), join(stateroot, "notes.tmp"), join(repo, "refs/os/stable")];
    for (const path of kept.slice(0, 2)) writeFileSync(path, "the operator's");
    await cleanup(sysroot);
    assert.equal(left.filter(existsSync), []);
    assert.equal(readdirSync(join(stateroot, "deploy")), [id]);
    assert.equal(kept.filter(existsSync), kept);
  }));

test("a booted host without its /boot says so, and changes nothing", () =>
  onHost(async ({ sysroot, commit }) => {
    const commandLine = bootedLine(sysroot);
    await commit("2");
    await upgrade(sysroot);
    const deployments = () => readdirSync(join(sysroot.path, "atomic/deploy/default/deploy"));
    const before = deployments();
    rmSync(join(sysroot.boot, "loader"), { recursive: true });

    const { problems } = hostStatus(sysroot, commandLine);
    assert.match(problems.join("\n"), `${sysroot.boot} has no boot entries: is it mounted?`);
    await commit("3");
    for (const change of [cleanup, upgrade]) {
      assert.is(await codeOf(() => change(sysroot, { commandLine })), "conflict");
      assert.equal(deployments(), before);
    }
  }));
