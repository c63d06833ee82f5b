import { join } from "node:path";
import * as assert from "uvu/assert";
import { createDurable } from "../../src/durable.ts";
import { AtomicError } from "../../src/errors.ts";
import { imageTip } from "../../src/oci/image-tip.ts";
import { listImages, pullHostImage, pullImage } from "../../src/oci/index.ts";
import { type DirectoryNode, fsck, initRepo, loadTree, type Repo } from "../../src/ostree/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { writeLayout } from "./layout-builder.ts";
import type { Entry } from "./tar-builder.ts";

const test = suite("oci/host-image");

const KERNEL: Entry = { name: "usr/lib/modules/6.1/vmlinuz", content: "kernel" };

function setUp(): { repo: Repo; layout: string } {
  const dir = tempDir();
  return { repo: initRepo(join(dir, "repo"), createDurable()), layout: join(dir, "host") };
}

function listing(directory: DirectoryNode, path = ""): string[] {
  return [...directory.children].flatMap(([name, node]) => {
    const line = `${path}/${name}`;
    if (node.kind === "directory") return [`${line}/ ${node.mode.toString(8)}`, ...listing(node, line)];
    return [node.kind === "hardlink" ? `${line} = ${node.target}` : line];
  });
}

test("makes a host tree of an image, with the layers of the container image", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, {
    layers: [
      [
        { name: "etc/passwd", content: "root" },
        { name: "etc/hostname", content: "builder" },
        { name: "run/secrets/token", content: "x" },
        { name: "boot/vmlinuz-6.1", content: "kernel" },
        { name: "usr/lib/modules/6.1/vmlinuz", flag: "1", target: "boot/vmlinuz-6.1" },
        { name: "var/lib/app/state", content: "s" },
        { name: "tmp/left", content: "over" },
        { name: "dev/console", content: "" },
        { name: ".dockerenv" },
      ],
    ],
  });
  await pullImage(repo, { reference: `oci:${layout}` });
  const pulled = await pullHostImage(repo, { reference: `oci:${layout}` });
  assert.is(pulled.newLayers, 0);
  assert.equal(listing(loadTree(repo, pulled.commit)), [
    "/boot/ 755",
    "/dev/ 755",
    "/etc/ 755",
    "/proc/ 555",
    "/run/ 755",
    "/sys/ 555",
    "/sysroot/ 755",
    "/tmp/ 1777",
    "/usr/ 755",
    "/usr/etc/ 755",
    "/usr/etc/passwd",
    "/usr/lib/ 755",
    "/usr/lib/modules/ 755",
    "/usr/lib/modules/6.1/ 755",
    "/usr/lib/modules/6.1/vmlinuz",
    "/var/ 755",
    "/var/lib/ 755",
    "/var/lib/app/ 755",
    "/var/lib/app/state",
  ]);
  assert.is(listImages(repo).length, 1);
  const tip = await imageTip(repo, `oci:${layout}`);
  assert.equal([tip.manifestDigest, tip.commit, tip.download], [pulled.manifestDigest, pulled.commit, undefined]);
  assert.equal(fsck(repo).defects, []);
});

const REFUSED: { what: string; layer: Entry[]; message: RegExp }[] = [
  {
    what: "an image without a kernel",
    layer: [{ name: "usr/bin/sh", content: "x" }],
    message: /it has no kernel \/usr\/lib\/modules\/VERSION\/vmlinuz/,
  },
  {
    what: "a kernel that is a link",
    layer: [{ ...KERNEL, flag: "2", content: "", target: "/x" }],
    message: /it has no kernel/,
  },
  { what: "an image without /usr", layer: [{ name: "bin/sh", content: "x" }], message: /it has no \/usr/ },
  {
    what: "two /etc",
    layer: [KERNEL, { name: "etc/a", content: "x" }, { name: "usr/etc/b", content: "x" }],
    message: /both \/etc and \/usr\/etc/,
  },
  {
    what: "an /etc that is a symlink",
    layer: [KERNEL, { name: "etc", flag: "2", target: "/var" }],
    message: /\/etc is a symlink/,
  },
];

for (const { what, layer, message } of REFUSED) {
  test(`refuses ${what}`, async () => {
    const { repo, layout } = setUp();
    writeLayout(layout, { layers: [layer] });
    const error: unknown = await pullHostImage(repo, { reference: `oci:${layout}` }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof AtomicError);
    assert.is(error.code, "invalid");
    assert.match(error.message, message);
  });
}

test("takes an image that has its configuration in /usr/etc already", async () => {
  const { repo, layout } = setUp();
  writeLayout(layout, { layers: [[KERNEL, { name: "etc/", flag: "5" }, { name: "usr/etc/b", content: "x" }]] });
  const { commit } = await pullHostImage(repo, { reference: `oci:${layout}` });
  assert.ok(listing(loadTree(repo, commit)).includes("/usr/etc/b"));
});
