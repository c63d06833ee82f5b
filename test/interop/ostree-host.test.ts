/** A host that follows a repository which the real ostree made and signed. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { checkUpgrade, deploy, hostStatus, rebase, upgrade, verifyHost } from "../../src/deploy/index.ts";
import { parseKeyring } from "../../src/gpgv.ts";
import { addRemote, fsck } from "../../src/ostree/index.ts";
import { listObjects } from "../../src/ostree/list-objects.ts";
import { codeOf, etcOf, KERNEL, makeHost } from "../deploy/host-fixture.ts";
import { gpgKey } from "../support/gpg-key.ts";
import { httpServer } from "../support/http-server.ts";
import { unmet } from "../support/needs.ts";
import { makeOstreeTree, ostree, ostreePeer } from "../support/ostree.ts";
import { suite } from "../support/suite.ts";

const test = suite("interop/ostree-host", unmet({ root: true, programs: ["gpg", "gpgv"] }) ?? ostreePeer.missing);

/** What makes a tree one that boots. */
function makeBootable(tree: string): void {
  for (const name of ["boot", "sysroot", "var", "proc", "usr/lib/sysimage/dpkg", `usr/lib/modules/${KERNEL}`])
    mkdirSync(join(tree, name), { recursive: true });
  for (const name of ["vmlinuz", "initramfs.img"]) writeFileSync(join(tree, "usr/lib/modules", KERNEL, name), name);
  writeFileSync(join(tree, "usr/lib/os-release"), 'NAME=Test\nPRETTY_NAME="Test OS"\n');
}

const MOTD = "welcome to 3\n";
const DPKG = "Package: tool\nStatus: install ok installed\nVersion: VERSION\n";

for (const [kind, sizes] of [
  ["", []],
  [" whose commits tell sizes", ["--generate-sizes"]],
] as const)
  test(`rebases to a ref of an OSTree remote${kind}, and upgrades along it while its key signs`, async () => {
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
    const objects = () => [...listObjects(host.sysroot.repo)].filter(({ type }) => type === "file").length;
    const publish = (version: string, { home, id } = friend): string => {
      writeFileSync(join(tree, "usr/etc/motd"), `welcome to ${version}\n`);
      writeFileSync(join(tree, "usr/lib/sysimage/dpkg/status"), DPKG.replace("VERSION", version));
      const signing = [`--gpg-sign=${id}`, `--gpg-homedir=${home}`, `--add-metadata-string=version=${version}`];
      const when = `--timestamp=@${1_800_000_000 + Number(version)}`;
      const said = [`--subject=version ${version}`, "--body=What is new:\n- all of it"];
      return ostree("commit", `--repo=${theirs}`, "-b", "os/x86_64", when, ...said, ...sizes, ...signing, tree).trim();
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
      const before = objects();
      const { to, cost, downloaded } = await checkUpgrade(host.sysroot);
      assert.equal([to.version, downloaded], ["3", false]);
      assert.equal([cost!.disk, cost!.objects, cost!.boot], [MOTD.length + DPKG.replace("VERSION", "3").length, 2, 0]);
      assert.ok(cost!.download! > 0 && cost!.download! < 1000, String(cost!.download));
      assert.equal([cost!.subject, cost!.notes], ["version 3", "What is new:\n- all of it"]);
      assert.equal(cost!.packages, [{ name: "tool", change: "upgraded", before: "1", after: "3" }]);
      assert.is(objects() - before, 1); // the list of packages
      assert.equal(hostStatus(host.sysroot).deployments[0]?.version, "1");
      const { update, deployment } = await upgrade(host.sysroot);
      assert.is(update.to.commit, deployment!.commit);
      const versions = hostStatus(host.sysroot).deployments.map(({ version }) => version);
      assert.equal(versions.slice(0, 2), ["3", "1"]);
      assert.equal(verifyHost(host.sysroot).defects, []);
      assert.equal(fsck(host.sysroot.repo).defects, []);
    } finally {
      server.close();
      host.remove();
    }
  });
