import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  changeKargs,
  checkUpgrade,
  cleanup,
  deploy,
  finalize,
  hostHistory,
  hostKargs,
  hostStatus,
  initHost,
  openSysroot,
  rebase,
  rollback,
  setPinned,
  type Sysroot,
  undeploy,
  upgrade,
  verifyHost,
} from "../../src/deploy/index.ts";
import type { Checksum } from "../../src/digest.ts";
import { createDurable } from "../../src/durable.ts";
import {
  fsck,
  initRepo,
  listRefs,
  openRepo,
  parseRefName,
  pullLocal,
  readCommit,
  resolveRev,
} from "../../src/ostree/index.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { bootedLine, codeOf, etcOf, type Files, type Host, KERNEL, makeHost, summary } from "./host-fixture.ts";

const test = suite("deploy/use-cases", unmet({ root: true }));
const disk = createDurable();

/** Runs `work` on a new host. */
async function onHost(work: (host: Host, sysroot: Sysroot) => Promise<void>): Promise<void> {
  const host = await makeHost();
  try {
    await work(host, host.sysroot);
  } finally {
    host.remove();
  }
}

/** A host with these versions deployed one after the other. */
async function onDeployed(versions: string[], work: (host: Host, sysroot: Sysroot) => Promise<void>): Promise<void> {
  await onHost(async (host, sysroot) => {
    for (const version of versions) {
      await host.commit(version);
      await deploy(sysroot, { spec: "os/stable" });
    }
    await work(host, sysroot);
  });
}

test("makes a sysroot once, and further stateroots in it", () =>
  onHost(async (_, sysroot) => {
    assert.is(await codeOf(() => initHost(sysroot.path, { disk })), "exists");
    await initHost(sysroot.path, { stateroot: "other", disk });
    assert.ok(existsSync(join(sysroot.path, "atomic/deploy/other/var")));
    assert.is(await codeOf(() => initHost(sysroot.path, { stateroot: "other", disk })), "exists");
    assert.is(await codeOf(() => initHost(sysroot.path, { stateroot: "../x", disk })), "usage");
  }));

test("opens only what is a sysroot of a format it knows", () =>
  onHost(async ({ base }, { path }) => {
    assert.is(await codeOf(() => openSysroot(base, disk)), "not-found");
    const format = (text: string) => writeFileSync(join(path, "atomic/format.json"), text);
    format('{"version": 1, "incompatible": ["later"], "readOnlyCompatible": []}');
    assert.is(await codeOf(() => openSysroot(path, disk)), "unsupported");
    format('{"version": 1, "incompatible": [], "readOnlyCompatible": ["later"]}');
    const readable = openSysroot(path, disk);
    assert.equal(hostStatus(readable).deployments, []);
    assert.is(await codeOf(() => cleanup(readable)), "read-only");
  }));

test("shows a host without deployments", () =>
  onHost(async (_, sysroot) => {
    assert.equal(hostStatus(sysroot), { apiVersion: "atomic/v1", kind: "HostStatus", deployments: [], problems: [] });
    assert.is(await codeOf(() => upgrade(sysroot)), "conflict");
    assert.is(await codeOf(() => rollback(sysroot)), "conflict");
  }));

test("deploys a ref, and says all of it in the status", () =>
  onHost(async (host, sysroot) => {
    const commit = await host.commit("1");
    const result = await deploy(sysroot, {
      spec: "os/stable",
      kargs: { append: ["root=LABEL=x", "quiet"] },
      now: 1_800_000_000,
    });
    assert.is(result.id, `${commit}.0`);
    const [status] = hostStatus(sysroot).deployments;
    assert.equal(status, {
      index: 0,
      id: `${commit}.0`,
      stateroot: "default",
      commit,
      version: "1",
      timestamp: 1_700_001_000,
      origin: "os/stable",
      booted: false,
      staged: false,
      pending: true,
      rollback: false,
      pinned: false,
      unlocked: false,
      failed: false,
      failure: null,
      signature: "unsigned",
      etcConflicts: 0,
      kargs: ["root=LABEL=x", "quiet"],
      kernel: KERNEL,
      title: `Test OS 1 (default, ${commit.slice(0, 8)})`,
      deployed: 1_800_000_000,
      bootCounter: { left: 3, done: 0 },
    });
    const directory = join(sysroot.path, "atomic/deploy/default/deploy", `${commit}.0`);
    assert.equal(readdirSync(directory).sort(), ["etc", "image", "origin.json"]);
    assert.equal(readdirSync(join(directory, "etc")).sort(), ["app", "hostname", "motd"]);
    const signatures = [{ id: result.id, signature: "unsigned" }];
    assert.equal(verifyHost(sysroot), { deployments: 1, signatures, defects: [] });
    assert.not.ok(
      existsSync(join(sysroot.path, "atomic/deploy/default/etc.git")),
      "nothing of the operator's to keep yet",
    );
  }));

test("writes a boot entry that names the deployment and its kernel", () =>
  onDeployed(["1"], async (_, sysroot) => {
    const [name] = readdirSync(join(sysroot.path, "boot/loader/entries"));
    const { id, commit } = hostStatus(sysroot).deployments[0]!;
    assert.is(name, `atomic-1-default-${id}+3-0.conf`);
    const { image } = readCommit(sysroot.repo, commit as Checksum);
    const text = readFileSync(join(sysroot.path, "boot/loader/entries", name!), "utf8");
    assert.match(text, new RegExp(`^options atomic.image=${image} atomic=default/${id}$`, "m"));
    const [, linux] = /^linux \/boot(.*)$/m.exec(text)!;
    assert.is(readFileSync(join(sysroot.path, "boot", linux!), "utf8"), "kernel of all versions\n");
  }));

test("refuses a tree without a kernel", () =>
  onHost(async (host, sysroot) => {
    await host.commit("1", { [`usr/lib/modules/${KERNEL}/vmlinuz`]: "" });
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/stable" })), "invalid");
    assert.equal(readdirSync(join(sysroot.path, "atomic/deploy/default/deploy")), []);
  }));

test("has nothing to do when that is what boots next", () =>
  onDeployed(["1"], async (_, sysroot) => {
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/stable" })), "nothing-to-do");
    assert.is(await codeOf(() => upgrade(sysroot)), "nothing-to-do");
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/other" })), "not-found");
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/../x" })), "usage");
  }));

test("upgrades along the ref, keeps the previous version and drops the one before", () =>
  onDeployed(["1"], async (host, sysroot) => {
    for (const version of ["2", "3"]) {
      await host.commit(version);
      await upgrade(sysroot);
    }
    assert.is(summary(sysroot), "3+ 2-");
    assert.is(readdirSync(join(sysroot.path, "atomic/deploy/default/deploy")).length, 2);
    assert.is(readdirSync(join(sysroot.path, "boot/atomic")).length, 2);
    assert.is(listRefs(sysroot.repo, "deployed").length, 2);
  }));

test("keeps the booted version through every upgrade", () =>
  onDeployed(["1", "2"], async (host, sysroot) => {
    const commandLine = bootedLine(sysroot, 1);
    for (const version of ["3", "4"]) {
      await host.commit(version);
      await upgrade(sysroot, { commandLine, stage: false });
    }
    assert.is(summary(sysroot, commandLine), "4+ 1*");
    assert.is(await codeOf(() => undeploy(sysroot, { target: "1", commandLine })), "conflict");
  }));

test("says what an upgrade would bring, and changes nothing", () =>
  onDeployed(["1"], async (host, sysroot) => {
    assert.is(await codeOf(() => checkUpgrade(sysroot)), "nothing-to-do");
    const commit = await host.commit("2");
    const update = await checkUpgrade(sysroot);
    assert.equal(
      [update.to, update.downgrade, update.downloaded],
      [{ version: "2", commit, timestamp: 1_700_002_000 }, false, true],
    );
    writeFileSync(join(etcOf(sysroot), "motd"), "mine\n");
    const { deployment } = await upgrade(sysroot, { dryRun: true });
    assert.equal(deployment?.etc?.paths, [
      {
        path: "/etc/motd",
        verdict: "conflict",
        detail: "changed here and in the new version",
        saved: "/etc/motd.atomic-new",
      },
    ]);
    assert.is(summary(sysroot), "1+");
    assert.equal(readdirSync(join(sysroot.path, "atomic/deploy/default")).sort(), ["deploy", "history.jsonl", "var"]);
  }));

test("needs to be told to go back in time", () =>
  onDeployed(["1", "2"], async (host, sysroot) => {
    const old = hostStatus(sysroot).deployments[1]!.commit;
    writeFileSync(join(sysroot.repo.path, "refs/os/stable"), `${old}\n`);
    assert.is(await codeOf(() => upgrade(sysroot)), "conflict");
    await upgrade(sysroot, { allowDowngrade: true });
    assert.is(summary(sysroot), "1+ 2-");
    void host;
  }));

test("upgrades from a store in another directory", () =>
  onDeployed(["1"], async (host, sysroot) => {
    const other = initRepo(join(host.base, "store"), disk);
    const commit = await host.commit("2");
    await pullLocal(other, sysroot.repo, { commit, ref: parseRefName("os/stable") });
    const fresh = join(host.base, "fresh");
    const { sysroot: second } = await initHost(fresh, { disk });
    await deploy(second, { spec: "os/stable", from: other.path });
    assert.is(resolveRev(second.repo, "os/stable"), commit);
    const next = await host.commit("3");
    await pullLocal(other, sysroot.repo, { commit: next, ref: parseRefName("os/stable") });
    assert.is((await checkUpgrade(second)).downloaded, false);
    assert.is((await upgrade(second, { dryRun: true })).deployment!.commit, next);
    assert.is((await upgrade(second, { downloadOnly: true })).deployment, undefined);
    assert.is(summary(second), "2+");
    await upgrade(second);
    assert.is(summary(second), "3+ 2-");
    assert.equal(fsck(second.repo, {}).defects, []);
    void openRepo;
  }));

test("rolls back and forth", () =>
  onDeployed(["1", "2"], async (_, sysroot) => {
    assert.is(summary(sysroot), "2+ 1-");
    await rollback(sysroot, { reason: "does not boot" });
    assert.is(summary(sysroot), "1+ 2-");
    await rollback(sysroot);
    assert.is(summary(sysroot), "2+ 1-");
    assert.is(await codeOf(() => rollback(sysroot, { to: "0" })), "nothing-to-do");
    assert.is(await codeOf(() => rollback(sysroot, { to: "7" })), "not-found");
    const { id } = hostStatus(sysroot).deployments[1]!;
    await rollback(sysroot, { to: id.slice(0, 10) });
    assert.is(summary(sysroot), "1+ 2-");
    assert.is(hostHistory(sysroot)[2]?.reason, "does not boot");
  }));

test("returns to the booted version when another would boot next", () =>
  onDeployed(["1", "2"], async (_, sysroot) => {
    const commandLine = bootedLine(sysroot, 1);
    assert.is(summary(sysroot, commandLine), "2+ 1*");
    await rollback(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "1* 2-");
  }));

test("keeps pinned deployments until they are unpinned", () =>
  onDeployed(["1"], async (host, sysroot) => {
    await setPinned(sysroot, { target: "0", pinned: true });
    assert.is(await codeOf(() => setPinned(sysroot, { target: "0", pinned: true })), "nothing-to-do");
    for (const version of ["2", "3"]) {
      await host.commit(version);
      await upgrade(sysroot);
    }
    assert.is(summary(sysroot), "3+ 2- 1!");
    assert.is(await codeOf(() => undeploy(sysroot, { target: "2" })), "conflict");
    await setPinned(sysroot, { target: "2", pinned: false });
    await cleanup(sysroot);
    assert.is(summary(sysroot), "3+ 2-");
  }));

test("keeps more when asked, by option or by setting", () =>
  onDeployed(["1", "2"], async (host, sysroot) => {
    await host.commit("3");
    await upgrade(sysroot, { retain: 3 });
    assert.is(summary(sysroot), "3+ 2- 1");
    writeFileSync(join(sysroot.path, "atomic/config.json"), '{"retain": 4, "bootTries": 0}');
    await host.commit("4");
    await upgrade(sysroot);
    assert.is(summary(sysroot), "4+ 3- 2 1");
    assert.is(hostStatus(sysroot).deployments[0]!.bootCounter, null);
  }));

test("removes one deployment", () =>
  onDeployed(["1", "2"], async (_, sysroot) => {
    const result = await undeploy(sysroot, { target: "0", dryRun: true });
    assert.is(result.dryRun, true);
    assert.is(summary(sysroot), "2+ 1-");
    await undeploy(sysroot, { target: "0" });
    assert.is(summary(sysroot), "1+");
    assert.is(await codeOf(() => undeploy(sysroot, { target: "0" })), "conflict");
  }));

test("prunes what no deployment and no ref needs", () =>
  onDeployed(["1", "2", "3"], async (_, sysroot) => {
    const { commit } = hostStatus(sysroot).deployments[1]!;
    const { pruned } = await cleanup(sysroot);
    assert.ok(pruned.removed > 0);
    assert.is(
      resolveRev(sysroot.repo, commit),
      commit,
      "the rollback's commit stays though no ref of the user's names it",
    );
    assert.equal(fsck(sysroot.repo, {}).defects, []);
    assert.equal(verifyHost(sysroot).defects, []);
  }));

test("follows another ref after a rebase, and not after deploying a commit", () =>
  onDeployed(["1"], async (host, sysroot) => {
    const beta = await host.commit("2-beta", {}, "os/beta");
    await deploy(sysroot, { spec: beta });
    assert.is(hostStatus(sysroot).deployments[0]!.origin, "os/stable");
    await rebase(sysroot, { spec: "os/beta" });
    assert.is(hostStatus(sysroot).deployments[0]!.origin, "os/beta");
    await rebase(sysroot, { spec: beta.slice(0, 12) });
    assert.is(hostStatus(sysroot).deployments[0]!.origin, beta);
    assert.is(await codeOf(() => upgrade(sysroot)), "nothing-to-do");
  }));

test("changes kernel arguments in a new deployment of the same commit", () =>
  onHost(async (host, sysroot) => {
    const toml = (kargs: string): Files => ({ "usr/lib/bootc/kargs.d/10-image.toml": `kargs = [${kargs}]\n` });
    const commit = await host.commit("1", toml('"quiet", "rw"'));
    await deploy(sysroot, { spec: "os/stable", kargs: { append: ["root=LABEL=x"] } });
    assert.equal(hostKargs(sysroot), ["quiet", "rw", "root=LABEL=x"]);
    await changeKargs(sysroot, { edits: { delete: ["quiet"], append: ["debug"], appendIfMissing: ["rw"] } });
    assert.equal(hostKargs(sysroot), ["rw", "root=LABEL=x", "debug"]);
    assert.is(hostStatus(sysroot).deployments[0]!.id, `${commit}.1`);
    assert.is(await codeOf(() => changeKargs(sysroot, { edits: { appendIfMissing: ["debug"] } })), "nothing-to-do");
    assert.is(await codeOf(() => changeKargs(sysroot, { edits: { delete: ["quiet"] } })), "not-found");
    assert.is(await codeOf(() => changeKargs(sysroot, { edits: { append: ["atomic=x"] } })), "usage");
    await host.commit("2", toml('"ro"'));
    await upgrade(sysroot);
    assert.equal(
      hostKargs(sysroot),
      ["root=LABEL=x", "debug", "ro"],
      "the image's follow the image, the machine's stay",
    );
  }));

test("keeps its own arguments out of what is for init, and finds an entry that names another image", () =>
  onHost(async (host, sysroot) => {
    await host.commit("1");
    const { id } = await deploy(sysroot, { spec: "os/stable", kargs: { append: ["quiet", "--", "single"] } });
    const entries = join(sysroot.path, "boot/loader/entries");
    const entry = join(entries, readdirSync(entries)[0]!);
    const text = readFileSync(entry, "utf8");
    assert.match(text, new RegExp(`^options quiet atomic.image=[0-9a-f]{64} atomic=default/${id} -- single$`, "m"));
    assert.equal(verifyHost(sysroot).defects, []);
    writeFileSync(entry, text.replace(/atomic\.image=\S+/, `atomic.image=${"0".repeat(64)}`));
    assert.match(verifyHost(sysroot).defects[0]?.what ?? "", /^boot entry: expected image [0-9a-f]{64}, found 0{64}$/);
  }));

test("stages, and finalizes with what changed in /etc since", () =>
  onDeployed(["1"], async (host, sysroot) => {
    const commandLine = bootedLine(sysroot);
    await host.commit("2");
    await upgrade(sysroot, { stage: true, commandLine });
    assert.is(summary(sysroot, commandLine), "2+~ 1*");
    assert.is(readdirSync(join(sysroot.path, "boot/loader/entries")).length, 1);
    await cleanup(sysroot, { commandLine });
    writeFileSync(join(etcOf(sysroot, 1), "late"), "after staging\n");
    await finalize(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "2+ 1*");
    assert.is(readFileSync(join(etcOf(sysroot), "late"), "utf8"), "after staging\n");
    assert.equal(verifyHost(sysroot).defects, []);
    assert.is(await codeOf(() => finalize(sysroot)), "nothing-to-do");
  }));

test("gives up what is staged on a rollback", () =>
  onDeployed(["1"], async (host, sysroot) => {
    const commandLine = bootedLine(sysroot);
    await host.commit("2");
    await upgrade(sysroot, { stage: true, commandLine });
    await rollback(sysroot, { commandLine });
    assert.is(summary(sysroot, commandLine), "1*");
    assert.is(readdirSync(join(sysroot.path, "boot/atomic")).length, 1);
  }));

test("fills an empty /var once, and makes systemd update it at the next boot", () =>
  onHost(async (host, sysroot) => {
    await host.commit("1", { "var/lib/app/state": "from the image\n" });
    await deploy(sysroot, { spec: "os/stable" });
    const state = join(sysroot.path, "atomic/deploy/default/var/lib/app/state");
    assert.is(readFileSync(state, "utf8"), "from the image\n");
    writeFileSync(state, "mine\n");
    writeFileSync(join(sysroot.path, "atomic/deploy/default/var/.updated"), "");
    writeFileSync(join(etcOf(sysroot), ".updated"), "");
    await host.commit("2", { "var/lib/app/state": "newer\n" });
    await upgrade(sysroot);
    assert.is(readFileSync(state, "utf8"), "mine\n");
    assert.not.ok(existsSync(join(sysroot.path, "atomic/deploy/default/var/.updated")));
    assert.not.ok(existsSync(join(etcOf(sysroot), ".updated")));
  }));

test("takes a tree with /etc alone, and refuses one with both", () =>
  onHost(async (host, sysroot) => {
    const bare: Files = { "etc/only": "here\n" };
    const tree = join(host.base, "tree-1");
    await host.commit("1");
    rmSync(join(tree, "usr/etc"), { recursive: true });
    writeFileSync(join(tree, "etc/only"), "here\n");
    const { commitTree } = await import("../../src/ostree/index.ts");
    await commitTree(sysroot.repo, { tree, ref: parseRefName("os/bare") });
    await deploy(sysroot, { spec: "os/bare" });
    assert.equal(readdirSync(etcOf(sysroot)), ["only"]);
    await host.commit("2", bare, "os/both");
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/both" })), "invalid");
  }));

test("finds a damaged image, kernel, boot entry and origin", () =>
  onDeployed(["1", "2"], async (_, sysroot) => {
    const { id } = hostStatus(sysroot).deployments[0]!;
    const directory = join(sysroot.path, "atomic/deploy/default/deploy", id);
    const flip = (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1]! ^= 1;
      rmSync(path); // a kernel is a link to its object, which stays as it is
      writeFileSync(path, bytes);
    };
    const kernels = readdirSync(join(sysroot.path, "boot/atomic"));
    flip(join(directory, "image"));
    for (const kernel of kernels) flip(join(sysroot.path, "boot/atomic", kernel, "initramfs.img"));
    const defects = verifyHost(sysroot).defects.map(({ what }) => what.split(":", 1)[0]);
    assert.equal(defects, ["image", "kernel", "kernel"]);
    writeFileSync(join(directory, "origin.json"), "{");
    assert.is(hostStatus(sysroot).problems.length, 1);
    assert.is(summary(sysroot), "1+");
    const commandLine = `atomic=default/${id}`;
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/stable", commandLine, stage: false })), "conflict");
    assert.ok(existsSync(directory), "what is booted stays, damaged or not");
  }));

test("replaces a damaged kernel instead of using it again", () =>
  onDeployed(["1"], async (_, sysroot) => {
    const [kernel] = readdirSync(join(sysroot.path, "boot/atomic"));
    const file = join(sysroot.path, "boot/atomic", kernel!, "vmlinuz");
    rmSync(file);
    writeFileSync(file, "damaged");
    await changeKargs(sysroot, { edits: { append: ["x"] } });
    assert.is(readFileSync(file, "utf8"), "kernel of all versions\n");
    assert.equal(verifyHost(sysroot).defects, []);
  }));

test("deploys nothing whose kernel is damaged in the store", () =>
  onHost(async (host, sysroot) => {
    await host.commit("1");
    const { checksumOf } = await import("../../src/digest.ts");
    const checksum = checksumOf(Buffer.from("initramfs 1\n"));
    const object = join(sysroot.repo.path, "objects", checksum.slice(0, 2), `${checksum.slice(2)}.file`);
    chmodSync(object, 0o600);
    writeFileSync(object, "initramfs 2\n");
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/stable" })), "corrupt");
    assert.is(summary(sysroot), "");
  }));

test("keeps stateroots apart", () =>
  onDeployed(["1"], async (host, sysroot) => {
    await initHost(sysroot.path, { stateroot: "other", disk });
    await deploy(sysroot, { spec: "os/stable", stateroot: "other" });
    assert.equal(
      hostStatus(sysroot).deployments.map(({ stateroot }) => stateroot),
      ["other", "default"],
    );
    writeFileSync(join(etcOf(sysroot, 1), "mine"), "of default\n");
    await host.commit("2");
    await upgrade(sysroot, { stateroot: "default" });
    assert.equal(
      hostStatus(sysroot).deployments.map(({ stateroot, version }) => `${stateroot} ${version}`),
      ["default 2", "other 1", "default 1"],
    );
    assert.ok(existsSync(join(etcOf(sysroot), "mine")));
    assert.is(await codeOf(() => deploy(sysroot, { spec: "os/stable", stateroot: "absent" })), "not-found");
  }));

test("leaves boot entries of others alone", () =>
  onDeployed(["1"], async (host, sysroot) => {
    const foreign = join(sysroot.path, "boot/loader/entries/windows.conf");
    writeFileSync(foreign, "title Other\nefi /EFI/other.efi\n");
    await host.commit("2");
    await upgrade(sysroot);
    await cleanup(sysroot);
    assert.ok(statSync(foreign).isFile());
    assert.is(summary(sysroot), "2+ 1-");
    mkdirSync(join(host.base, "unused"));
  }));
