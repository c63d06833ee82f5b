/** A host that follows a repository which the real ostree made and signed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { checkUpgrade, deploy, hostStatus, rebase, upgrade, verifyHost } from "../../src/deploy/index.ts";
import { parseKeyring } from "../../src/gpgv.ts";
import { addRemote, fsck } from "../../src/ostree/index.ts";
import { codeOf, etcOf, KERNEL, makeHost } from "../deploy/host-fixture.ts";
import { gpgKey } from "../support/gpg-key.ts";
import { httpServer } from "../support/http-server.ts";
import { unmet } from "../support/needs.ts";
import { makeOstreeTree, ostree, ostreePeer } from "../support/ostree.ts";
import { suite } from "../support/suite.ts";

const test = suite("interop/ostree-host", unmet({ root: true, programs: ["gpg", "gpgv"] }) ?? ostreePeer.missing);

/** What makes a tree one that boots. */
function makeBootable(tree: string): void {
  for (const name of ["boot", "sysroot", "var", "proc", `usr/lib/modules/${KERNEL}`])
    mkdirSync(join(tree, name), { recursive: true });
  for (const name of ["vmlinuz", "initramfs.img"]) writeFileSync(join(tree, "usr/lib/modules", KERNEL, name), name);
  writeFileSync(join(tree, "usr/lib/os-release"), 'NAME=Test\nPRETTY_NAME="Test OS"\n');
}

test("rebases to a ref of an OSTree remote, and upgrades along it while its key signs", async () => {
  const host = await makeHost();
  const [friend, stranger] = [gpgKey("friend"), gpgKey("stranger")];
  const [theirs, tree] = [join(host.base, "theirs"), join(host.base, "os")];
  const server = await httpServer((request, response) => {
    try {
      response.end(readFileSync(join(theirs, decodeURIComponent(request.url!))));
    } catch {
      response.writeHead(404).end();
    }
  });
  const publish = (version: string, { home, id } = friend): string => {
    writeFileSync(join(tree, "usr/etc/motd"), `welcome to ${version}\n`);
    const signing = [`--gpg-sign=${id}`, `--gpg-homedir=${home}`, `--add-metadata-string=version=${version}`];
    const when = `--timestamp=@${1_800_000_000 + Number(version)}`;
    return ostree("commit", `--repo=${theirs}`, "-b", "os/x86_64", when, ...signing, tree).trim();
  };
  try {
    makeOstreeTree(tree);
    makeBootable(tree);
    ostree("init", `--repo=${theirs}`, "--mode=archive");
    publish("1");
    await host.commit("0");
    await deploy(host.sysroot, { spec: "os/stable" });
    await addRemote(host.sysroot.repo, {
      name: "up",
      type: "ostree",
      url: server.url,
      keys: [],
      keyring: parseKeyring(friend.armored, "friend").toString("base64"),
      insecure: false,
    });
    await rebase(host.sysroot, { spec: "up:os/x86_64" });
    const [first] = hostStatus(host.sysroot).deployments;
    assert.equal(
      [first?.version, first?.origin, first?.signature],
      ["1", "up:os/x86_64", `OpenPGP ${friend.id} of remote up`],
    );
    assert.is(readFileSync(join(etcOf(host.sysroot), "motd"), "utf8"), "welcome to 1\n");

    assert.is(await codeOf(() => upgrade(host.sysroot)), "nothing-to-do");

    publish("2", stranger);
    assert.is(await codeOf(() => upgrade(host.sysroot)), "untrusted");
    publish("3");
    assert.equal((await checkUpgrade(host.sysroot)).to.version, "3");
    await upgrade(host.sysroot);
    const versions = hostStatus(host.sysroot).deployments.map(({ version }) => version);
    assert.equal(versions.slice(0, 2), ["3", "1"]);
    assert.equal(verifyHost(host.sysroot).defects, []);
    assert.equal(fsck(host.sysroot.repo).defects, []);
  } finally {
    server.close();
    host.remove();
  }
});
