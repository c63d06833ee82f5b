import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import { type Checksum, checksumOf } from "../../../src/digest.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { bundleRemote, fetchRef, fsck, lookup, writeBundle } from "../../../src/ostree/index.ts";
import { readRef } from "../../../src/ostree/ref.ts";
import { encodeBundleEnd, openBundle } from "../../../src/ostree/remote/bundle-file.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { LOCAL, MAIN, makeClient, makeKey, makePublisher, type Publisher } from "./published.ts";

const test = suite("ostree/remote: bundles", unmet({ root: true }));
const NOWHERE = "http://127.0.0.1:9";

test("a host without a network pulls from a bundle, whole or from a commit it has", async () => {
  const { repo, key, release, dir } = await makePublisher();
  const [whole, next] = [join(dir, "whole"), join(dir, "next")];
  const from = await release(1);
  await writeBundle(repo, whole, { ref: MAIN, commit: from, keys: [key.secret] });
  const to = await release(2);
  await writeBundle(repo, next, { ref: MAIN, commit: to, from, keys: [key.secret] });
  assert.ok(statSync(next).size < statSync(whole).size * 0.6);
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  assert.is(await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle: next })), "not-found");
  for (const [bundle, commit] of [
    [whole, from],
    [next, to],
  ] as const) {
    const found = await bundleRemote(host, bundle);
    assert.equal([found.remote.name, found.refs], ["os", [MAIN]]);
    const { signature } = await fetchRef(host, remote, { ref: MAIN, bundle });
    assert.match(signature, /release of remote os/);
    assert.is(readRef(host, LOCAL), commit);
    assert.equal(fsck(host).defects, []);
  }
});

interface DeltaBundle extends Publisher {
  from: Checksum;
  to: Checksum;
  /** For hosts that have nothing, and for those that have `from`. */
  first: string;
  bundle: string;
}

/** The second release changes a large file in one place. */
async function deltaBundle(): Promise<DeltaBundle> {
  const publisher = await makePublisher();
  const { repo, key, release, tree, dir } = publisher;
  const [first, bundle] = [join(dir, "first"), join(dir, "second")];
  const from = await release(1);
  await writeBundle(repo, first, { ref: MAIN, commit: from, keys: [key.secret] });
  const bytes = readFileSync(join(tree, "usr/large"));
  bytes.write("changed", 1_000_000);
  writeFileSync(join(tree, "usr/large"), bytes);
  const to = await release(2);
  const { delta, size } = await writeBundle(repo, bundle, { ref: MAIN, commit: to, from, keys: [key.secret] });
  assert.ok(delta);
  assert.is(size, statSync(bundle).size);
  assert.equal(readdirSync(dir).sort(), ["first", "published", "second", "tree"]);
  return { ...publisher, from, to, first, bundle };
}

test("a bundle from a commit has a delta where that is smaller, and files are made of it", async () => {
  const { key, from, to, first, bundle } = await deltaBundle();
  const { size } = statSync(bundle);
  assert.ok(size < 2_000_000, String(size)); // 1.5 MB are new; the large file has 3 MB
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  await fetchRef(host, remote, { ref: MAIN, bundle: first });
  const planned: number[] = [];
  const { delta } = await fetchRef(host, remote, {
    ref: MAIN,
    bundle,
    async onPlan({ download, repo, bring, ...plan }) {
      planned.push(download);
      const large = lookup(plan.tree(), fromText("/usr/large"));
      if (large?.kind !== "file") throw new Error("no file");
      assert.is(repo.incoming!(large.checksum, "file"), undefined);
      await bring([large.checksum]);
      assert.ok(existsSync(repo.incoming!(large.checksum, "file")!));
    },
  });
  assert.equal(delta, { from });
  assert.ok(planned[0]! > 0 && planned[0]! < size);
  assert.is(readRef(host, LOCAL), to);
  assert.equal(fsck(host).defects, []);
});

test("a bundle with a delta tells a host that lacks its base which commit that is", async () => {
  const { key, from, bundle } = await deltaBundle();
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  try {
    await fetchRef(host, remote, { ref: MAIN, bundle });
    assert.unreachable();
  } catch (error) {
    if (!isAtomicError(error, "not-found")) throw error;
    assert.match(error.message, `it is for hosts that have commit ${from}`);
  }
  assert.is(readRef(host, LOCAL), undefined);
});

test("a bundle whose delta is damaged adds nothing, and the ref stays", async () => {
  const { key, from, first, bundle } = await deltaBundle();
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  await fetchRef(host, remote, { ref: MAIN, bundle: first });
  const bytes = readFileSync(bundle);
  bytes[bytes.length >> 1]! ^= 1; // nearly all of it is the delta
  writeFileSync(bundle, bytes);
  assert.is(await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle })), "corrupt");
  assert.is(readRef(host, LOCAL), from);
  assert.equal(fsck(host).defects, []);
});

test("an older bundle is refused, and one as old as the server's summary is not", async () => {
  const { repo, key, release, dir } = await makePublisher();
  const [old, same] = [join(dir, "old"), join(dir, "same")];
  const keys = [key.secret];
  await writeBundle(repo, old, { ref: MAIN, commit: await release(1), keys });
  const commit = await release(2);
  await writeBundle(repo, same, { ref: MAIN, commit, keys });
  const { repo: host, remote } = await makeClient(`file://${repo.path}`, { keys: [key.publicKey] });
  await fetchRef(host, remote, { ref: MAIN, bundle: same });
  await fetchRef(host, remote, { ref: MAIN });
  assert.is(await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle: old })), "conflict");
  await fetchRef(host, remote, { ref: MAIN, bundle: old, allowDowngrade: true });
  assert.equal(fsck(host).defects, []);
});

test("only what an accepted key signed counts, the bundle and the commit in it", async () => {
  const { repo, key, release, dir } = await makePublisher();
  const file = join(dir, "bundle");
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  const stranger = makeKey("stranger");
  const signed = await release(1);
  for (const keys of [[], [stranger.secret]]) {
    await writeBundle(repo, file, { ref: MAIN, commit: signed, keys });
    assert.is(await codeOf(() => bundleRemote(host, file)), "untrusted");
    assert.is(await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle: file })), "untrusted");
  }
  const commit = await release(2, [stranger.secret]);
  await writeBundle(repo, file, { ref: MAIN, commit, keys: [key.secret] });
  assert.is(await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle: file })), "untrusted");
  assert.is(readRef(host, LOCAL), undefined);
  assert.equal(fsck(host).defects, []);
});

test("a bundle that is cut or changed anywhere adds nothing", async () => {
  const { repo, key, release, dir } = await makePublisher();
  const file = join(dir, "bundle");
  const damaged = join(dir, "damaged");
  const commit = await release(1);
  await writeBundle(repo, file, { ref: MAIN, commit, keys: [key.secret] });
  const bytes = readFileSync(file);
  const { repo: host, remote } = await makeClient(NOWHERE, { keys: [key.publicKey] });
  const refused = async (what: string): Promise<void> => {
    const code = await codeOf(() => fetchRef(host, remote, { ref: MAIN, bundle: damaged }));
    assert.ok(["invalid", "corrupt", "untrusted"].includes(code), `${what}: ${code}`);
    assert.is(readRef(host, LOCAL), undefined);
  };
  for (let at = 8; at < bytes.length; at += Math.floor(bytes.length / 23)) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    writeFileSync(damaged, changed);
    await refused(`byte ${at}`);
    truncateSync(damaged, at);
    await refused(`cut to ${at}`);
  }
  assert.equal(fsck(host).defects, []);
});

const PACK = `packs/${checksumOf(Buffer.from("x"))}.pack`;
const BAD: [what: string, end: (body: number) => Buffer][] = [
  ["nothing", () => Buffer.alloc(0)],
  ["a path that climbs", () => encodeBundleEnd([{ path: "../../etc/passwd", offset: 8, size: 1 }])],
  ["a file beyond the end", () => encodeBundleEnd([{ path: PACK, offset: 8, size: 1000 }])],
  ["a file over the directory", (body) => encodeBundleEnd([{ path: PACK, offset: body, size: 1 }])],
  ["very many files", () => encodeBundleEnd(Array.from({ length: 65 }, () => ({ path: PACK, offset: 8, size: 0 })))],
];
for (const [what, end] of BAD) {
  test(`refuses a bundle with ${what}`, async () => {
    const file = join(tempDir(), "bundle");
    writeFileSync(file, Buffer.concat([Buffer.from("ATMBNDL1body"), end(12)]));
    assert.is(await codeOf(() => openBundle(file)), "invalid");
  });
}
