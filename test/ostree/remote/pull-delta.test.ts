import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Checksum } from "../../../src/digest.ts";
import { createDurable } from "../../../src/durable.ts";
import { deltaPath, fetchRef, fsck, generateDelta, prune, publish, writeDelta } from "../../../src/ostree/index.ts";
import { measureFile } from "../../../src/ostree/object-store.ts";
import { readRef } from "../../../src/ostree/ref.ts";
import type { Remote } from "../../../src/ostree/remote/remote-config.ts";
import type { Repo } from "../../../src/ostree/repo.ts";
import type { TestServer } from "../../support/http-server.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { LOCAL, MAIN, makeClient, makePublisher, type Publisher, serveDirectory, type Tamper } from "./published.ts";

const test = suite("ostree/remote: pull by a delta", unmet({ root: true }));

interface Scene extends Publisher {
  server: TestServer;
  /** A store that has version 1, whose server then has version 2 with a delta between them. */
  host: Repo;
  remote: Remote;
  from: Checksum;
  to: Checksum;
  /** The delta, as the publisher offers it. */
  file: string;
}

/** The second version changes a large file in one place. @param tamper called from the second pull on */
async function scene(use: (scene: Scene) => Promise<void>, tamper: Tamper = () => false): Promise<void> {
  const publisher = await makePublisher();
  const { repo, tree, key } = publisher;
  const from = await publisher.release(1);
  let ready = false;
  const server = await serveDirectory(repo.path, (...given) => ready && tamper(...given));
  try {
    const { repo: host, remote } = await makeClient(server.url, { keys: [key.publicKey] });
    await fetchRef(host, remote, { ref: MAIN });
    const bytes = readFileSync(join(tree, "usr/large"));
    bytes.write("changed", 1_000_000);
    writeFileSync(join(tree, "usr/large"), bytes);
    const to = await publisher.release(2);
    const file = deltaPath(repo, from, to);
    writeDelta(repo, await generateDelta(repo, { from, to }), file);
    await publish(repo, { refs: [MAIN], keys: [key.secret] });
    server.requests.length = 0;
    ready = true;
    await use({ ...publisher, server, host, remote, from, to, file });
  } finally {
    server.close();
  }
}

/** Paths asked of the server: one for each kind of file. */
function asked({ requests }: TestServer): string[] {
  return requests.map(({ path }) => path.replace(/^\/(?:packs\/.*\.|deltas\/.*\.)?/, ""));
}

function assertWhole(repo: Repo, commit: Checksum): void {
  assert.equal(fsck(repo).defects, []);
  assert.is(readRef(repo, LOCAL), commit);
  assert.equal(readdirSync(join(repo.path, "incoming")), ["lock"]);
}

test("a delta is used where it is less than the objects, and is all that is fetched of the files", () =>
  scene(async ({ server, host, remote, from, to, file }) => {
    const plans: number[] = [];
    const { delta, bytes, commit } = await fetchRef(host, remote, {
      ref: MAIN,
      onPlan: ({ download }) => void plans.push(download),
    });
    assert.equal([commit, delta], [to, { from }]);
    assert.equal(plans, [statSync(file).size]);
    assert.ok(bytes < 1_700_000, String(bytes)); // 1.5 MB are new; the large file has 3 MB
    assert.equal(asked(server), ["summary", "index", "pack", "delta"]);
    assertWhole(host, to);
  }));

test("objects are fetched where they are less than the delta, or where the base is not whole", async () => {
  await scene(async ({ repo, key, server, host, remote, to, file }) => {
    writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.alloc(9_000_000)]));
    await publish(repo, { refs: [MAIN], keys: [key.secret] });
    assert.is((await fetchRef(host, remote, { ref: MAIN })).delta, undefined);
    assert.not(asked(server).includes("delta"));
    assertWhole(host, to);
  });
  await scene(async ({ host, remote, from, to }) => {
    const damaged = join(host.path, "objects", from.slice(0, 2), `${from.slice(2)}.commit`);
    rmSync(damaged);
    assert.is((await fetchRef(host, remote, { ref: MAIN })).delta, undefined);
    assert.is(readRef(host, LOCAL), to);
  });
});

const send = (change: (bytes: Buffer) => Buffer | undefined, file: () => string): Tamper =>
  function tamper(path, _, response) {
    if (!path.startsWith("deltas/")) return false;
    const bytes = change(readFileSync(file()));
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    return true;
  };
const USELESS: [what: string, change: (bytes: Buffer) => Buffer | undefined, why: RegExp][] = [
  ["missing", () => undefined, /answered 404/],
  ["cut short", (bytes) => bytes.subarray(0, 500_000), /expected [0-9a-f]{64}, found/],
  ["changed", (bytes) => Buffer.from(bytes.fill(0, 700_000, 700_001)), /expected [0-9a-f]{64}, found/],
];
for (const [what, change, why] of USELESS) {
  test(`a delta that is ${what} is no harm: the objects are fetched`, async () => {
    let file = "";
    await scene(
      async (found) => {
        ({ file } = found);
        const { delta } = await fetchRef(found.host, found.remote, { ref: MAIN });
        assert.match(delta?.useless ?? "", why);
        assertWhole(found.host, found.to);
      },
      send(change, () => file),
    );
  });
}

test("a delta that makes other objects than it says, or leads elsewhere, adds nothing of it", () =>
  scene(async ({ repo, key, host, remote, from, to, file, release }) => {
    const third = await release(3);
    writeDelta(repo, await generateDelta(repo, { from, to: third }), file);
    rmSync(deltaPath(repo, from, third), { force: true });
    const lie = deltaPath(repo, from, third);
    writeDelta(repo, await generateDelta(repo, { from, to }), lie);
    await publish(repo, { refs: [MAIN], keys: [key.secret] });
    const { delta } = await fetchRef(host, remote, { ref: MAIN });
    assert.match(delta?.useless ?? "", `it leads from ${from} to ${to}`);
    assertWhole(host, third);
  }));

test("a damaged object that the delta starts from is found out, and not built upon", () =>
  scene(async ({ host, remote, to }) => {
    const objects = join(host.path, "objects");
    const path = readdirSync(objects, { recursive: true, encoding: "utf8" })
      .map((name) => join(objects, name))
      .find((name) => statSync(name).size === 3_000_000)!;
    const bytes = readFileSync(path);
    bytes.fill(0, 5000, 6000);
    rmSync(path);
    writeFileSync(path, bytes);
    const { delta } = await fetchRef(host, remote, { ref: MAIN });
    assert.match(delta?.useless ?? "", /^applying a delta: file [0-9a-f]{64} in .* is damaged$/);
    assert.is(readRef(host, LOCAL), to);
  }));

test("a pull that was stopped goes on with the delta where it ended, and hashes what it had", async () => {
  const ranges: string[] = [];
  const record: Tamper = (path, { headers }) => {
    if (path.startsWith("deltas/")) ranges.push(headers.range!);
    return false;
  };
  await scene(async ({ host, remote, to, file }) => {
    const { size } = statSync(file);
    let had = 0;
    const disk = createDurable({
      record(operation) {
        if (operation.kind !== "write" || !operation.path.toString().endsWith(".delta")) return;
        had = operation.offset + operation.data.length;
        throw new Error("stopped");
      },
    });
    await fetchRef({ ...host, disk }, remote, { ref: MAIN }).catch((error: Error) =>
      assert.is(error.message, "stopped"),
    );
    assert.ok(had > 0 && had < size, String(had));
    ranges.length = 0;
    assert.equal((await fetchRef(host, remote, { ref: MAIN })).delta!.useless, undefined);
    assert.equal(ranges, [`bytes=${had}-${size - 1}`]);
    assertWhole(host, to);
  }, record);
  await scene(async ({ host, remote, to, file }) => {
    const name = measureFile(file).checksum;
    writeFileSync(join(host.path, "incoming", `${name}.delta`), Buffer.alloc(700_000)); // as a power cut may leave it
    ranges.length = 0;
    assert.equal((await fetchRef(host, remote, { ref: MAIN })).delta!.useless, undefined);
    assert.equal(
      ranges.map((range) => range.split("-")[0]),
      ["bytes=700000", "bytes=0"],
    );
    assertWhole(host, to);
  }, record);
});

test("prune removes deltas whose commits are gone", () =>
  scene(async ({ repo, file }) => {
    await prune(repo);
    assert.ok(existsSync(file));
    await prune(repo, { depth: 0 });
    assert.not(existsSync(file));
  }));
