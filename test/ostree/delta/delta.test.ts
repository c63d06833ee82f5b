import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { type Checksum, checksumOf } from "../../../src/digest.ts";
import { createDurable } from "../../../src/durable.ts";
import { isAtomicError } from "../../../src/errors.ts";
import {
  applyDelta,
  commitTree,
  deltaPath,
  fsck,
  generateDelta,
  initRepo,
  loadTree,
  lookup,
  objectFile,
  parseRefName,
  pullLocal,
  readRef,
  type Repo,
  writeDelta,
} from "../../../src/ostree/index.ts";
import { fromText } from "../../../src/bytes.ts";
import { deltaBlocks, type DeltaHead, encodeDeltaHead, parseDeltaHead } from "../../../src/ostree/delta/delta-head.ts";
import { makeLz4Kernel } from "../../support/lz4-kernel.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/delta", unmet({ root: true }));
const REF = parseRefName("host");
const dir = tempDir();
const PROGRAM = Buffer.from(Array.from({ length: 60_000 }, (_, i) => (i * i) >> 7));

interface Fixture {
  publisher: Repo;
  from: Checksum;
  to: Checksum;
  file: string;
}
let fixture: Fixture;
let hosts = 0;

/** A tree as it is in version `n`. */
function makeTree(n: number): string {
  const tree = join(dir, `tree-${n}`);
  const program = Buffer.from(PROGRAM);
  program.write(`version ${n}`, 30_000);
  const files = {
    [`usr/lib/modules/6.${n}/disk.ko`]: Buffer.concat([Buffer.from(`6.${n}`), PROGRAM.subarray(0, 9000)]),
    [`usr/lib/modules/6.${n}/vmlinuz`]: makeLz4Kernel(program),
    "usr/bin/tool": program,
    "usr/same": PROGRAM.subarray(0, 500),
    [`usr/only-in-${n}`]: Buffer.from(`a file of version ${n}\n`),
    "usr/empty": Buffer.alloc(0),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(tree, name, ".."), { recursive: true });
    writeFileSync(join(tree, name), content);
    utimesSync(join(tree, name), n, n);
  }
  return tree;
}

test.before(async () => {
  const publisher = initRepo(join(dir, "publisher"), createDurable());
  const { commit: from } = await commitTree(publisher, { tree: makeTree(1), ref: REF, timestamp: 1 });
  const { commit: to } = await commitTree(publisher, { tree: makeTree(2), ref: REF, timestamp: 2 });
  const file = deltaPath(publisher, from, to);
  writeDelta(publisher, await generateDelta(publisher, { from, to }), file);
  fixture = { publisher, from, to, file };
});

/** A store that has the old commit. */
async function makeHost(): Promise<Repo> {
  const host = initRepo(join(dir, `host-${hosts++}`), createDurable());
  await pullLocal(host, fixture.publisher, { commit: fixture.from });
  return host;
}

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    if (isAtomicError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("a host that has the old commit gets the new one, whole", async () => {
  const host = await makeHost();
  const { publisher, to, file } = fixture;
  const result = await applyDelta(host, { file, ref: REF });
  assert.equal(result, { commit: to, objects: 11, bytes: parseDeltaHead(readFileSync(file)).bytes });
  assert.is(readRef(host, REF), to);
  assert.equal(loadTree(host, to), loadTree(publisher, to));
  assert.equal(fsck(host).defects, []);
});

test("applying it again changes nothing", async () => {
  const host = await makeHost();
  await applyDelta(host, { file: fixture.file });
  await applyDelta(host, { file: fixture.file });
  assert.equal(fsck(host).defects, []);
});

test("the delta is far smaller than what it makes", () => {
  const bytes = readFileSync(fixture.file);
  assert.ok(bytes.length * 20 < parseDeltaHead(bytes).bytes, `${bytes.length} bytes`);
});

test("equal pairs give equal deltas", async () => {
  const again = await generateDelta(fixture.publisher, fixture);
  assert.equal(Buffer.concat(again.content), readFileSync(fixture.file));
});

test("a commit makes an empty delta of itself", async () => {
  const { publisher, to } = fixture;
  const delta = await generateDelta(publisher, { from: to, to });
  assert.is(delta.head.objects, 0);
  const file = join(dir, "empty.delta");
  writeDelta(publisher, delta, file);
  assert.is((await applyDelta(publisher, { file })).objects, 0);
});

test("a store without the old commit is refused, and says which it lacks", async () => {
  const host = initRepo(join(dir, "bare-host"), createDurable());
  const { code, message } = await failure(applyDelta(host, { file: fixture.file, ref: REF }));
  assert.is(code, "not-found");
  assert.match(message, `the store lacks commit ${fixture.from}, where it starts`);
  assert.is(readRef(host, REF), undefined);
});

test("a damaged object in the store is named, and nothing is added", async () => {
  const host = await makeHost();
  const node = lookup(loadTree(host, fixture.from), fromText("/usr/bin/tool"));
  if (node?.kind !== "file") throw new Error("no file");
  const path = objectFile(host, node.checksum, "file");
  const bytes = readFileSync(path);
  bytes[5]! ^= 1;
  rmSync(path);
  writeFileSync(path, bytes);
  const { code, message } = await failure(applyDelta(host, { file: fixture.file, ref: REF }));
  assert.is(code, "corrupt");
  assert.match(message, new RegExp(`file ${node.checksum} in .* is damaged`));
  assert.not(existsSync(objectFile(host, fixture.to, "commit")));
});

test("any changed byte of the file is noticed", async () => {
  const host = await makeHost();
  const whole = readFileSync(fixture.file);
  const file = join(dir, "changed.delta");
  for (let at = 0; at < whole.length; at += 37) {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 0x10;
    writeFileSync(file, bytes);
    const { code } = await failure(applyDelta(host, { file }));
    assert.ok(code === "corrupt" || code === "invalid", `byte ${at}: ${code}`);
  }
});

test("a file cut short is noticed wherever it is cut", async () => {
  const host = await makeHost();
  const whole = readFileSync(fixture.file);
  const file = join(dir, "cut.delta");
  for (let length = 0; length < whole.length; length += 29) {
    writeFileSync(file, whole.subarray(0, length));
    const { code } = await failure(applyDelta(host, { file }));
    assert.ok(code === "corrupt" || code === "invalid", `${length} bytes: ${code}`);
  }
});

/** The file of a delta whose decompressed blocks are `blocks`; all its checksums are right. */
function writeForged(head: DeltaHead, blocks: Uint8Array[]): string {
  const compressed = blocks.map((block) => zstdCompressSync(block));
  const forged = structuredClone(head);
  deltaBlocks(forged).forEach((block, i) => {
    const bytes = compressed[i]!;
    Object.assign(block, { size: bytes.length, rawSize: blocks[i]!.length, checksum: checksumOf(bytes) });
  });
  const file = join(dir, "forged.delta");
  writeFileSync(file, Buffer.concat([encodeDeltaHead(forged), ...compressed]));
  return file;
}

test("a forged delta with right checksums makes nothing that is not what its name says", async () => {
  const host = await makeHost();
  const whole = readFileSync(fixture.file);
  const head = parseDeltaHead(whole);
  let at = encodeDeltaHead(head).length;
  const blocks = deltaBlocks(head).map(({ size }) => zstdDecompressSync(whole.subarray(at, (at += size))));
  assert.is(await applyDelta(host, { file: writeForged(head, blocks) }).then(({ commit }) => commit), fixture.to);

  const change = fc.record({ block: fc.nat(blocks.length - 1), at: fc.nat(), value: fc.integer({ min: 1, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(change, async ({ block, at, value }) => {
      fc.pre(blocks[block]!.length > 0);
      const changed = blocks.map((bytes, i) => (i === block ? Buffer.from(bytes) : bytes));
      changed[block]![at % blocks[block]!.length]! ^= value;
      try {
        await applyDelta(host, { file: writeForged(head, changed) });
      } catch (error) {
        assert.ok(isAtomicError(error), String(error));
      }
    }),
    { numRuns: 150 },
  );
  assert.equal(fsck(host).defects, []);
});

test("a delta that brings less than its commit needs moves no ref", async () => {
  const host = await makeHost();
  const whole = readFileSync(fixture.file);
  const head = { ...parseDeltaHead(whole), objects: 0, parts: [] };
  const file = writeForged(head, [Buffer.alloc(0)]);
  const { code } = await failure(applyDelta(host, { file, ref: REF }));
  assert.is(code, "not-found");
  assert.is(readRef(host, REF), undefined);
});

test("another file is no delta", async () => {
  const { code } = await failure(applyDelta(await makeHost(), { file: join(dir, "tree-1/usr/same") }));
  assert.is(code, "invalid");
});
