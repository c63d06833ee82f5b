import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  changeKargs,
  checkUpgrade,
  deploy,
  hostStatus,
  initHost,
  type Sysroot,
  upgrade,
  verifyHost,
} from "../../src/deploy/index.ts";
import type { Checksum } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import {
  addRemote,
  changeKeys,
  fsck,
  parseRefName,
  publish,
  removeRemote,
  resolveRev,
  signCommit,
  writeBundle,
} from "../../src/ostree/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { makeKey } from "../ostree/remote/published.ts";
import { codeOf, type Files, type Host, makeHost } from "./host-fixture.ts";

const test = suite("deploy: remotes", unmet({ root: true }));
const STABLE = parseRefName("os/stable");
const SPEC = "origin:os/stable";
const KEY = makeKey("release");

interface Scene {
  publisher: Host;
  /** A new host whose remote `origin` is the publisher's store. */
  sysroot: Sysroot;
  release(version: string, keys?: (typeof KEY.secret)[], files?: Files): Promise<Checksum>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const publisher = await makeHost();
  try {
    const { repo } = publisher.sysroot;
    const path = join(tempDir(), "host");
    mkdirSync(path);
    const { sysroot } = await initHost(path, { disk: createDurable() });
    const url = `file://${repo.path}`;
    const keys = [KEY.publicKey];
    await addRemote(sysroot.repo, { name: "origin", type: "atomic", url, keys, insecure: false });
    let timestamp = 1_700_000_000;
    await work({
      publisher,
      sysroot,
      async release(version, secrets = [KEY.secret], files = {}) {
        const commit = await publisher.commit(version, files);
        if (secrets.length > 0) signCommit(repo, commit, secrets);
        await publish(repo, { refs: [STABLE], keys: secrets, timestamp: (timestamp += 1000) });
        return commit;
      },
    });
  } finally {
    publisher.remove();
  }
}

const signatureOf = (sysroot: Sysroot): string => hostStatus(sysroot).deployments[0]!.signature;

test("deploys a ref of a remote, follows it, and says who vouches for it", () =>
  scene(async ({ sysroot, release }) => {
    await release("1");
    await deploy(sysroot, { spec: SPEC });
    assert.is(hostStatus(sysroot).deployments[0]!.origin, SPEC);
    assert.match(signatureOf(sysroot), /^ed25519 [0-9a-f]{16} \(release of remote origin\)$/);
    const second = await release("2");
    const { update } = await upgrade(sysroot);
    assert.equal([update.to.commit, update.downloaded], [second, false]);
    assert.is(resolveRev(sysroot.repo, "remotes/origin/os/stable"), second);
    assert.is(await codeOf(() => upgrade(sysroot)), "nothing-to-do");
    await changeKargs(sysroot, { edits: { append: ["quiet"] } });
    assert.match(signatureOf(sysroot), /release of remote origin/);
    assert.equal(fsck(sysroot.repo).defects, []);
    assert.equal(verifyHost(sysroot).defects, []);
  }));

test("a check says what an upgrade takes, and deploys nothing", () =>
  scene(async ({ sysroot, release }) => {
    await release("1");
    await deploy(sysroot, { spec: SPEC });
    await release("2");
    const { cost, to, downloaded } = await checkUpgrade(sysroot);
    assert.equal([to.version, downloaded], ["2", false]);
    for (const bytes of [cost!.download, cost!.disk, cost!.boot]) assert.ok(bytes! > 0, JSON.stringify(cost));
    assert.is(cost!.objects, 4);
    assert.is(hostStatus(sysroot).deployments.length, 1);
    assert.equal(fsck(sysroot.repo).defects, []);
  }));

test("a check and a dry run say which packages change, and fetch no file but their list", () =>
  scene(async ({ sysroot, release }) => {
    const status = (tool: string): Files => ({
      "usr/lib/sysimage/dpkg/status": `Package: tool\nStatus: install ok installed\nVersion: ${tool}\n`,
    });
    await release("1", [KEY.secret], status("1.0-1"));
    await deploy(sysroot, { spec: SPEC });
    const second = await release("2", [KEY.secret], status("1.0-2"));
    for (const look of [
      () => checkUpgrade(sysroot),
      async () => {
        const { update, deployment } = await upgrade(sysroot, { dryRun: true });
        assert.is(deployment, undefined);
        return update;
      },
    ]) {
      const { cost } = await look();
      assert.equal(cost!.packages, [{ name: "tool", change: "upgraded", before: "1.0-1", after: "1.0-2" }]);
      const fetched = readdirSync(join(sysroot.repo.path, "incoming")).filter((name) => name.endsWith(".file"));
      assert.is(fetched.length, 1);
      assert.equal(hostStatus(sysroot).deployments.length, 1);
    }
    assert.is((await upgrade(sysroot)).deployment!.commit, second);
    assert.equal(fsck(sysroot.repo).defects, []);
  }));

test("downloads first and deploys later", () =>
  scene(async ({ sysroot, release }) => {
    await release("1");
    await deploy(sysroot, { spec: SPEC });
    const second = await release("2");
    assert.is((await upgrade(sysroot, { downloadOnly: true })).deployment, undefined);
    assert.is((await checkUpgrade(sysroot)).downloaded, true);
    assert.is((await upgrade(sysroot)).deployment!.commit, second);
  }));

test("refuses what no accepted key signed, and deploys nothing", () =>
  scene(async ({ sysroot, release }) => {
    await release("1", [makeKey("stranger").secret]);
    assert.is(await codeOf(() => deploy(sysroot, { spec: SPEC })), "untrusted");
    await release("2", []);
    assert.is(await codeOf(() => deploy(sysroot, { spec: SPEC })), "untrusted");
    assert.equal(hostStatus(sysroot).deployments, []);
  }));

test("verify names a deployment that only a revoked key signed", () =>
  scene(async ({ sysroot, release }) => {
    await release("1");
    await deploy(sysroot, { spec: SPEC });
    await changeKeys(sysroot.repo, "origin", { add: [makeKey("next").publicKey], remove: ["release"] });
    const { defects } = verifyHost(sysroot);
    assert.equal(
      defects.map(({ what }) => what),
      ["signature: no accepted key of remote origin signed it"],
    );
  }));

test("an older summary is refused, unless a downgrade is allowed", () =>
  scene(async ({ publisher, sysroot, release }) => {
    const first = await release("1");
    const old = readFileSync(join(publisher.sysroot.repo.path, "summary"));
    await release("2");
    await deploy(sysroot, { spec: SPEC });
    writeFileSync(join(publisher.sysroot.repo.path, "summary"), old);
    assert.is(await codeOf(() => upgrade(sysroot)), "conflict");
    assert.is((await upgrade(sysroot, { allowDowngrade: true })).deployment!.commit, first);
  }));

test("a bundle deploys and upgrades a host, which then follows the remote it stands for", () =>
  scene(async ({ publisher, sysroot, release }) => {
    const { repo } = publisher.sysroot;
    const file = join(tempDir(), "bundle");
    const first = await release("1");
    await writeBundle(repo, file, { ref: STABLE, commit: first, keys: [KEY.secret] });
    await deploy(sysroot, { spec: `bundle:${file}` });
    assert.is(hostStatus(sysroot).deployments[0]!.origin, SPEC);
    assert.match(signatureOf(sysroot), /release of remote origin/);
    const second = await release("2");
    await writeBundle(repo, file, { ref: STABLE, commit: second, from: first, keys: [KEY.secret] });
    assert.is((await checkUpgrade(sysroot, { from: file })).to.commit, second);
    assert.is((await upgrade(sysroot, { from: file })).deployment!.commit, second);
    assert.is(await codeOf(() => upgrade(sysroot)), "nothing-to-do");
    assert.equal(fsck(sysroot.repo).defects, []);
  }));

test("a spec whose remote is gone names no ref", () =>
  scene(async ({ sysroot, release }) => {
    await release("1");
    await deploy(sysroot, { spec: SPEC });
    await removeRemote(sysroot.repo, "origin");
    assert.is(await codeOf(() => upgrade(sysroot)), "not-found");
    assert.equal(verifyHost(sysroot).defects, []);
  }));
