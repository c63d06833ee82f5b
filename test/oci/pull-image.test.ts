import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromText } from "../../src/bytes.ts";
import { createDurable } from "../../src/durable.ts";
import { AtomicError } from "../../src/errors.ts";
import { digestHex } from "../../src/oci/digest.ts";
import { dropUnusedLayers } from "../../src/oci/drop-unused-layers.ts";
import { findImage, listImages, pullImage, pruneStore, removeImage, tagImage } from "../../src/oci/index.ts";
import {
  fsck,
  initRepo,
  listRefs,
  loadTree,
  lookup,
  parseRefName,
  prune,
  renderCommitImage,
  type Repo,
  withRepoLock,
  writeRef,
} from "../../src/ostree/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { ARCHITECTURE, writeLayout } from "./layout-builder.ts";
import type { Entry } from "./tar-builder.ts";

const test = suite("oci/pull-image");

interface Place {
  dir: string;
  layout: string;
  repo: Repo;
}

function setUp(): Place {
  const dir = tempDir();
  return { dir, layout: join(dir, "app"), repo: initRepo(join(dir, "repo"), createDurable()) };
}

const BASE: Entry[] = [
  { name: "etc/", flag: "5" },
  { name: "etc/os-release", content: "ID=x\n" },
  { name: "etc/gone", content: "g" },
];
const TOP: Entry[] = [{ name: "etc/.wh.gone" }, { name: "bin/app", content: "#!/bin/sh\n", mode: 0o755 }];

function paths(repo: Repo, commit: ReturnType<typeof findImage>["commit"]): string[] {
  const found: string[] = [];
  const visit = (node: ReturnType<typeof loadTree>, path: string): void => {
    for (const [name, child] of node.children) {
      found.push(`${path}/${name}`);
      if (child.kind === "directory") visit(child, `${path}/${name}`);
    }
  };
  visit(loadTree(repo, commit), "");
  return found;
}

async function failure(work: Promise<unknown>): Promise<AtomicError> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, AtomicError, String(error));
    return error as AtomicError;
  }
  throw new Error("did not fail");
}

test("pulls an image of two layers, with its configuration", async () => {
  const { repo, layout } = setUp();
  const written = writeLayout(layout, {
    layers: [BASE, TOP],
    tag: "v1",
    run: { Cmd: ["/bin/app"], Labels: { RUN: "x" } },
  });
  const pulled = await pullImage(repo, { reference: `oci:${layout}:v1` });
  assert.is(pulled.name, "localhost/app:v1");
  assert.is(pulled.manifestDigest, written.manifest);
  assert.is(pulled.newLayers, 2);
  assert.equal(pulled.config.diffIds, written.diffIds);
  assert.equal(pulled.config.run.cmd, ["/bin/app"]);
  assert.equal(paths(repo, pulled.commit), ["/bin", "/bin/app", "/etc", "/etc/os-release"]);
  assert.ok(renderCommitImage(repo, pulled.commit).length > 0);
  const image = findImage(repo, "app:v1");
  assert.is(image.id, written.config);
  assert.equal(image.config.labels, { RUN: "x" });
  assert.equal(fsck(repo).defects, []);
});

test("does nothing when the store has exactly this image", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [BASE] });
  const first = await pullImage(repo, { reference: `oci:${layout}` });
  assert.equal(
    { ...(await pullImage(repo, { reference: `oci:${layout}` })) },
    { ...first, changed: false, newLayers: 0 },
  );
});

test("reads only the layers that are missing", async () => {
  const { repo, layout } = setUp();
  const old = writeLayout(layout, { layers: [BASE] });
  await pullImage(repo, { reference: `oci:${layout}` });
  writeLayout(layout, { layers: [BASE, TOP] });
  // The size is still looked at; the bytes would not pass.
  const blob = join(layout, "blobs/sha256", digestHex(old.layers[0]!));
  writeFileSync(blob, readFileSync(blob).fill(0));
  const { newLayers, commit } = await pullImage(repo, { reference: `oci:${layout}` });
  assert.is(newLayers, 1);
  assert.equal(paths(repo, commit), ["/bin", "/bin/app", "/etc", "/etc/os-release"]);
});

test("stores equal layers of one image once", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [BASE, TOP, BASE] });
  const { newLayers, commit } = await pullImage(repo, { reference: `oci:${layout}` });
  assert.is(newLayers, 2);
  assert.ok(paths(repo, commit).includes("/etc/gone"));
});

test("chooses from an index by platform", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [BASE], others: ["s390x", "riscv64"] });
  assert.ok((await pullImage(repo, { reference: `oci:${layout}` })).changed);
  const missing = pullImage(repo, { reference: `oci:${layout}`, platform: { os: "linux", architecture: "mips" } });
  assert.is((await failure(missing)).code, "not-found");
});

for (const transport of ["oci-archive", "docker-archive"]) {
  test(`pulls from ${transport}:`, async () => {
    const { repo, layout, dir } = setUp();
    const { config, layers } = writeLayout(layout, { layers: [BASE, TOP], tag: "quay.io/a/b:1" });
    const archive = join(dir, "image.tar");
    if (transport === "docker-archive") {
      const names = layers.map((digest, i) => {
        writeFileSync(join(layout, `layer${i}.tar`), readFileSync(join(layout, "blobs/sha256", digestHex(digest))));
        return `layer${i}.tar`;
      });
      writeFileSync(join(layout, "config.json"), readFileSync(join(layout, "blobs/sha256", digestHex(config))));
      const manifest = [{ Config: "config.json", RepoTags: ["quay.io/a/b:1"], Layers: names }];
      writeFileSync(join(layout, "manifest.json"), JSON.stringify(manifest));
    }
    execFileSync("tar", ["-C", layout, "-cf", archive, "."]);
    const pulled = await pullImage(repo, { reference: `${transport}:${archive}:quay.io/a/b:1` });
    assert.is(pulled.name, "quay.io/a/b:1");
    assert.equal(paths(repo, pulled.commit), ["/bin", "/bin/app", "/etc", "/etc/os-release"]);
    assert.is(
      (await failure(pullImage(repo, { reference: `${transport}:${archive}:quay.io/a/c:1` }))).code,
      "not-found",
    );
    execFileSync("gzip", ["-k", archive]);
    assert.is(
      (await failure(pullImage(repo, { reference: `${transport}:${archive}.gz` }))).hint,
      `gunzip ${archive}.gz`,
    );
  });
}

const REFUSED: { what: string; spoil: (place: Place) => void; code: string; message: RegExp }[] = [
  {
    what: "a layer whose bytes are others",
    spoil: ({ layout }) => {
      const { layers } = writeLayout(layout, { layers: [BASE, [{ name: "a", content: "x".repeat(5000) }]] });
      const path = join(layout, "blobs/sha256", digestHex(layers[1]!));
      const bytes = readFileSync(path);
      bytes[9]! ^= 1; // the operating system in the gzip header: what is inside stays the same
      writeFileSync(path, bytes);
    },
    code: "corrupt",
    message: /expected a blob sha256:/,
  },
  {
    what: "a layer that is missing",
    spoil: ({ layout }) =>
      rmSync(join(layout, "blobs/sha256", digestHex(writeLayout(layout, { layers: [BASE] }).layers[0]!))),
    code: "not-found",
    message: /it has no blobs\/sha256\//,
  },
  {
    what: "a layer of another size",
    spoil: ({ layout }) =>
      writeFileSync(
        join(layout, "blobs/sha256", digestHex(writeLayout(layout, { layers: [BASE] }).layers[0]!)),
        "short",
      ),
    code: "corrupt",
    message: /bytes, found 5/,
  },
  {
    what: "a manifest whose bytes are others",
    spoil: ({ layout }) => {
      const path = join(layout, "blobs/sha256", digestHex(writeLayout(layout, { layers: [BASE] }).manifest));
      writeFileSync(path, readFileSync(path, "utf8").replace("schemaVersion", "schemaversion"));
    },
    code: "corrupt",
    message: /expected sha256:/,
  },
  {
    what: "an image for another machine",
    spoil: ({ layout }) => void writeLayout(layout, { layers: [BASE], architecture: "s390x" }),
    code: "unsupported",
    message: new RegExp(`expected an image for linux/${ARCHITECTURE}, found linux/s390x`),
  },
  {
    what: "a hostile second layer",
    spoil: ({ layout }) => void writeLayout(layout, { layers: [BASE, [{ name: "../x" }]] }),
    code: "invalid",
    message: /refused "..\/x"/,
  },
  {
    what: "a layout of another version",
    spoil: ({ layout }) => {
      writeLayout(layout, { layers: [BASE] });
      writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
    },
    code: "unsupported",
    message: /expected a layout of version 1/,
  },
];

for (const { what, spoil, code, message } of REFUSED) {
  test(`refuses ${what}, and keeps no image`, async () => {
    const place = setUp();
    spoil(place);
    const error = await failure(pullImage(place.repo, { reference: `oci:${place.layout}` }));
    assert.is(error.code, code);
    assert.match(error.message, message);
    assert.equal(listImages(place.repo), []);
    assert.equal(fsck(place.repo).defects, []);
  });
}

test("finds an image by name, by the end of its name and by ID", async () => {
  const { repo, layout } = setUp();
  const { config } = writeLayout(layout, { layers: [BASE] });
  await pullImage(repo, { reference: `oci:${layout}`, name: "docker.io/library/debian:latest" });
  for (const text of [
    "debian",
    "library/debian",
    "docker.io/library/debian:latest",
    config,
    digestHex(config).slice(0, 12),
  ])
    assert.is(findImage(repo, text).name, "docker.io/library/debian:latest");
  for (const text of ["ebian", "debian:12", "../debian", "", "-x"]) {
    assert.throws(
      () => findImage(repo, text),
      (error: unknown) => error instanceof AtomicError && error.code === "not-found",
    );
  }
});

test("asks which of several images is meant", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [BASE] });
  await pullImage(repo, { reference: `oci:${layout}`, name: "a.io/x/app:1" });
  writeLayout(layout, { layers: [TOP] });
  await pullImage(repo, { reference: `oci:${layout}`, name: "b.io/x/app:1" });
  assert.throws(
    () => findImage(repo, "x/app:1"),
    (error: unknown) =>
      error instanceof AtomicError && error.code === "usage" && error.message.includes("a.io/x/app:1, b.io"),
  );
});

test("tags and removes images; their layers stay while another image uses them", async () => {
  const { repo, layout } = setUp();
  const { config } = writeLayout(layout, { layers: [BASE, TOP] });
  await pullImage(repo, { reference: `oci:${layout}`, name: "localhost/two:1" });
  writeLayout(layout, { layers: [BASE] });
  await pullImage(repo, { reference: `oci:${layout}`, name: "localhost/one:1" });
  await tagImage(repo, "two:1", "again");
  assert.equal(
    listImages(repo).map(({ name }) => name),
    ["localhost/again:latest", "localhost/one:1", "localhost/two:1"],
  );
  assert.equal(await removeImage(repo, "two:1"), ["localhost/two:1"]);
  assert.is(listRefs(repo, "oci/layer").length, 2);
  await tagImage(repo, "again", "third");
  assert.equal(await removeImage(repo, digestHex(config)), ["localhost/again:latest", "localhost/third:latest"]);
  assert.is(listRefs(repo, "oci/layer").length, 1);
  await prune(repo);
  assert.equal(paths(repo, findImage(repo, "one:1").commit), ["/etc", "/etc/gone", "/etc/os-release"]);
  await removeImage(repo, "one:1");
  await pruneStore(repo);
  assert.equal({ ...fsck(repo) }, { objects: 0, bytes: 0, defects: [] });
});

test("keeps the layers of an image that only another ref names", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [BASE] });
  const { commit } = await pullImage(repo, { reference: `oci:${layout}` });
  writeRef(repo, parseRefName("deployed/x/y.0"), commit);
  await removeImage(repo, "app");
  assert.is(await withRepoLock(repo, () => dropUnusedLayers(repo)), 0);
  assert.is(listRefs(repo, "oci/layer").length, 1);
});

test("makes an empty layer and an empty image", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [[]] });
  const { commit } = await pullImage(repo, { reference: `oci:${layout}` });
  assert.is(lookup(loadTree(repo, commit), fromText("/"))?.kind, "directory");
});
