import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { Stopped } from "../../../src/durable-step.ts";
import { deltaPath, fetchRef, fsck, generateDelta, publish, push, writeDelta } from "../../../src/ostree/index.ts";
import { namedFiles, readPublished } from "../../../src/ostree/remote/push.ts";
import { parseSshTarget, pushOverSsh } from "../../../src/ostree/remote/push-ssh.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { MAIN, makeClient, makePublisher, type Publisher } from "./published.ts";

const test = suite("ostree/remote: push", unmet({ root: true }));

async function assertPullable(target: string, { key }: Publisher): Promise<void> {
  const { repo, remote } = await makeClient(`file://${target}`, { keys: [key.publicKey] });
  await fetchRef(repo, remote, { ref: MAIN });
  assert.equal(fsck(repo).defects, []);
}

/** Names in `packs/` and `deltas/`. */
const there = (target: string): string[] => ["packs", "deltas"].flatMap((name) => readdirSync(join(target, name)));

test("brings what is missing, and nothing twice", async () => {
  const publisher = await makePublisher();
  const { repo, key, release } = publisher;
  const target = join(tempDir(), "www/os");
  const from = await release(1);
  assert.is((await push(repo, target)).files, 2);
  await assertPullable(target, publisher);
  assert.equal(await push(repo, target), { files: 0, bytes: 0 });
  const to = await release(2);
  writeDelta(repo, await generateDelta(repo, { from, to }), deltaPath(repo, from, to));
  await publish(repo, { refs: [MAIN], keys: [key.secret] });
  assert.is((await push(repo, target)).files, 3);
  await assertPullable(target, publisher);
});

test("keeps what the summary before named, and removes older things", async () => {
  const publisher = await makePublisher();
  const { repo, release } = publisher;
  const target = tempDir();
  await release(1);
  await push(repo, target);
  writeFileSync(join(target, "packs", `${"0".repeat(64)}.pack`), "left");
  await push(repo, target);
  assert.is(there(target).length, 2);
});

test("mends a file of another size, and a delta of other bytes", async () => {
  const publisher = await makePublisher();
  const { repo, key, release } = publisher;
  const from = await release(1);
  const to = await release(2);
  const target = tempDir();
  const delta = deltaPath(repo, from, to);
  writeDelta(repo, await generateDelta(repo, { from, to }), delta);
  await publish(repo, { refs: [MAIN], keys: [key.secret] });
  await push(repo, target);
  const copy = join(target, delta.slice(repo.path.length));
  writeFileSync(copy, Buffer.alloc(statSync(copy).size));
  assert.is((await push(repo, target)).files, 1);
  assert.equal(readFileSync(copy), readFileSync(delta));
});

test("refuses to go back, and a store that is not published", async () => {
  const { repo, release } = await makePublisher();
  const target = tempDir();
  assert.is(await codeOf(() => push(repo, target)), "not-found");
  await release(1);
  const old = readFileSync(join(repo.path, "summary"));
  await release(2);
  await push(repo, target);
  writeFileSync(join(repo.path, "summary"), old);
  assert.is(await codeOf(() => push(repo, target)), "conflict");
});

test("cut off anywhere, the target's summary names only what is there, and a repeat completes", async () => {
  const publisher = await makePublisher();
  const { repo, release } = publisher;
  await release(1);
  const before = tempDir();
  await push(repo, before);
  await release(2);
  for (let stopAt = 1, done = false; !done; stopAt++) {
    const target = tempDir();
    await push({ ...repo, path: before }, target);
    try {
      await push({ ...repo, disk: createDurable({ stopAt }) }, target);
      done = true;
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
    for (const { path, size } of namedFiles(readPublished(target).summary))
      assert.is(statSync(join(target, path)).size, size, `stopped before ${stopAt}: ${path}`);
    await push(repo, target);
    assert.equal(readFileSync(join(target, "summary")), readFileSync(join(repo.path, "summary")));
    assert.is(there(target).length, 4);
  }
});

test("HOST:DIR is another machine, and no option of ssh", () => {
  const TARGETS: [text: string, remote: string | undefined][] = [
    ["www.example.org:/srv/os/", "www.example.org:/srv/os"],
    ["me@www:os", "me@www:os"],
    ["[fe80::1]:/srv", "[fe80::1]:/srv"],
    ["/srv/a:b", undefined],
    ["./a:b", undefined],
    ["-oProxyCommand=x:/y", undefined],
    ["host:", undefined],
  ];
  for (const [text, remote] of TARGETS) assert.is(parseSshTarget(text), remote, text);
});

test.needs({ programs: ["rsync"] })("rsync brings what is missing over SSH, the summary last", async () => {
  const publisher = await makePublisher();
  const { repo, release } = publisher;
  const dir = tempDir();
  // Stands for ssh: what is asked of the host is done here.
  const [shell, log] = [join(dir, "ssh"), join(dir, "log")];
  writeFileSync(shell, `#!/bin/sh\necho "$1" >>${log}\nshift\nexec sh -c "$*"\n`);
  chmodSync(shell, 0o755);
  const target = join(dir, "www/os");
  process.env["RSYNC_RSH"] = shell;
  try {
    await release(1);
    const first = pushOverSsh(repo, `host:${target}`);
    assert.is(first.files, 2);
    assert.ok(first.bytes > 3_000_000, String(first.bytes));
    await assertPullable(target, publisher);
    assert.equal(pushOverSsh(repo, `host:${target}`), { files: 0, bytes: 0 });
    const old = readFileSync(join(repo.path, "summary"));
    await release(2);
    assert.is(pushOverSsh(repo, `host:${target}`).files, 2);
    await assertPullable(target, publisher);
    writeFileSync(join(repo.path, "summary"), old);
    assert.is(await codeOf(() => pushOverSsh(repo, `host:${target}`)), "conflict");
    assert.match(readFileSync(log, "utf8"), /^(host\n)+$/);
    assert.not(existsSync(join(target, ".partial")));
  } finally {
    delete process.env["RSYNC_RSH"];
  }
});
