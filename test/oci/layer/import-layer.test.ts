import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as assert from "uvu/assert";
import type { Checksum } from "../../../src/digest.ts";
import { createDurable } from "../../../src/durable.ts";
import { AtomicError } from "../../../src/errors.ts";
import { type Digest, digestOf } from "../../../src/oci/digest.ts";
import { importLayer } from "../../../src/oci/layer/import-layer.ts";
import {
  fsck,
  initRepo,
  loadTree,
  lookup,
  objectFile,
  parseRefName,
  type Repo,
  transactAsync,
  writeRef,
} from "../../../src/ostree/index.ts";
import { fromText } from "../../../src/bytes.ts";
import { noProgress } from "../../../src/progress.ts";
import { verityOf } from "../../../src/verity.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { tar } from "../tar-builder.ts";

const test = suite("oci/layer/import-layer");

interface Import {
  repo: Repo;
  commit: Checksum;
}

async function importBlob(blob: Buffer, diffId: Digest, digest = digestOf(blob)): Promise<Import> {
  const dir = tempDir();
  const repo = initRepo(join(dir, "repo"), createDurable());
  const path = join(dir, "blob");
  writeFileSync(path, Buffer.concat([Buffer.from("before"), blob, Buffer.from("after")]));
  const layer = { blob: { path, offset: "before".length, size: blob.length }, digest, diffId };
  const commit = await transactAsync(repo, (transaction) =>
    importLayer(transaction, layer, noProgress.start("importing")),
  );
  writeRef(repo, parseRefName("layer"), commit);
  return { repo, commit };
}

const BIG = randomBytes(3 << 20);
const SMALL = randomBytes(700_000);
const ARCHIVE = tar(
  { name: "big", content: BIG },
  { name: "small", content: SMALL },
  { name: "empty" },
  { name: "sparse", content: Buffer.alloc(2 << 20) },
);

const FORMS: { what: string; pack: (bytes: Buffer) => Buffer }[] = [
  { what: "plain", pack: (bytes) => bytes },
  { what: "gzip", pack: (bytes) => gzipSync(bytes, { level: 1 }) },
  {
    what: "gzip in several members",
    pack: (bytes) => Buffer.concat([gzipSync(bytes.subarray(0, 1_000_000)), gzipSync(bytes.subarray(1_000_000))]),
  },
  { what: "zstd", pack: (bytes) => zstdCompressSync(bytes) },
  {
    what: "zstd in several frames",
    pack: (bytes) =>
      Buffer.concat([zstdCompressSync(bytes.subarray(0, 100_000)), zstdCompressSync(bytes.subarray(100_000))]),
  },
];

for (const { what, pack } of FORMS) {
  for (const [size, archive] of [
    ["large", ARCHIVE],
    ["small", tar({ name: "small", content: SMALL })],
  ] as const) {
    test(`imports a ${size} ${what} layer`, async () => {
      const { repo, commit } = await importBlob(pack(archive), digestOf(archive));
      const tree = loadTree(repo, commit);
      for (const [name, content] of size === "large"
        ? ([
            ["big", BIG],
            ["small", SMALL],
          ] as const)
        : ([["small", SMALL]] as const)) {
        const node = lookup(tree, fromText(`/${name}`));
        assert.ok(node?.kind === "file");
        assert.is(node.verity, verityOf(content));
        assert.equal(execFileSync("cat", [objectFile(repo, node.checksum, "file")], { maxBuffer: 1e8 }), content);
      }
      assert.equal(fsck(repo).defects, []);
    });
  }
}

const REFUSED: { what: string; blob: Buffer; diffId?: Digest; digest?: Digest; code: string; message: RegExp }[] = [
  {
    what: "a wrong diffID",
    blob: ARCHIVE,
    diffId: digestOf(SMALL),
    code: "corrupt",
    message: /the blob unpacks to sha256:/,
  },
  {
    what: "a wrong diffID of a small layer",
    blob: tar(),
    diffId: digestOf(SMALL),
    code: "corrupt",
    message: /the blob unpacks to sha256:/,
  },
  {
    what: "a wrong digest",
    blob: ARCHIVE,
    digest: digestOf(SMALL),
    code: "corrupt",
    message: /expected a blob sha256:/,
  },
  {
    what: "a gzip bomb",
    blob: gzipSync(Buffer.alloc(300 << 20)),
    code: "invalid",
    message: /unpack to more than 268435456/,
  },
  {
    what: "a zstd bomb",
    blob: zstdCompressSync(Buffer.alloc(300 << 20)),
    code: "invalid",
    message: /layer sha256:[0-9a-f]{64}: [0-9]+ bytes unpack to more than 268435456/,
  },
  {
    what: "damaged gzip data",
    blob: Buffer.concat([gzipSync(ARCHIVE).subarray(0, 2_900_000), Buffer.alloc(400_000)]),
    code: "invalid",
    message: /damaged gzip data/,
  },
  {
    what: "gzip data cut short",
    blob: gzipSync(tar({ name: "a", content: SMALL })).subarray(0, 300_000),
    code: "invalid",
    message: /damaged gzip data/,
  },
  {
    what: "damaged zstd data",
    blob: Buffer.concat([
      zstdCompressSync(tar({ name: "a", content: SMALL })).subarray(0, 100_000),
      Buffer.alloc(500_000, 1),
    ]),
    code: "invalid",
    message: /damaged zstd data/,
  },
  { what: "something that is no archive", blob: randomBytes(5000), code: "invalid", message: /tar header/ },
  {
    what: "a hostile name in a large layer",
    blob: tar({ name: "a", content: BIG }, { name: "../b" }),
    code: "invalid",
    message: /"..\/b"/,
  },
];

for (const { what, blob, diffId, digest, code, message } of REFUSED) {
  test(`rejects ${what}, and stores nothing`, async () => {
    const dir = tempDir();
    const repo = initRepo(join(dir, "repo"), createDurable());
    writeFileSync(join(dir, "blob"), blob);
    const layer = {
      blob: { path: join(dir, "blob"), offset: 0, size: blob.length },
      digest: digest ?? digestOf(blob),
      diffId: diffId ?? digestOf(blob),
    };
    let error: unknown;
    try {
      await transactAsync(repo, (transaction) => importLayer(transaction, layer, noProgress.start("importing")));
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error instanceof AtomicError, String(error));
    assert.is(error.code, code);
    assert.match(error.message, message);
    assert.is(fsck(repo).objects, 0);
  });
}
