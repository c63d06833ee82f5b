import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { compose } from "../../../src/deploy/compose/compose.ts";
import { mmdebstrapCommand } from "../../../src/deploy/compose/debian.ts";
import { parseComposeDocument } from "../../../src/deploy/compose/document.ts";
import { parseComposeFile } from "../../../src/deploy/compose/file.ts";
import { loadComposeFile } from "../../../src/deploy/compose/load.ts";
import { composeTree } from "../../../src/deploy/compose/tree.ts";
import { mergeText } from "../../../src/deploy/etc/merge-text.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { listing } from "../../support/listing.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/compose/compose", unmet({ root: true }));
const IMAGES = resolve(import.meta.dirname, "../../../images");

const demo = (version: "v1" | "v2"): string => {
  const tree = join(tempDir(), "tree");
  composeTree(loadComposeFile(join(IMAGES, `demo/${version}.yaml`)), tree);
  return tree;
};
const code = (wanted: Parameters<typeof isAtomicError>[1]) => (error: unknown) => isAtomicError(error, wanted);

/** A compose file's text around `rest`, with the least a host tree needs. */
const HOST = `format: 1
ref: test/host
timestamp: 1700000000
base: none
overlays: [over]
files:
  etc/machine-id: ""
  lib: { symlink: usr/lib }
  usr/lib/modules/1/vmlinuz: k
  usr/lib/modules/1/initramfs.img: i
`;

function source(text: string, overlay: (path: string) => void = () => {}): string {
  const path = tempDir();
  mkdirSync(join(path, "over"));
  overlay(join(path, "over"));
  writeFileSync(join(path, "a.yaml"), text);
  return join(path, "a.yaml");
}

test("the demo trees are the same on every build", () => {
  const umask = process.umask(0o077);
  const [first, second] = [demo("v1"), demo("v1")];
  assert.is(process.umask(umask), 0o077);
  assert.equal(listing(first), listing(second));
});

test("the demo trees differ in packages, kernel and /etc", () => {
  const [v1, v2] = [demo("v1"), demo("v2")];
  const differs = (path: string) => !readFileSync(join(v1, path)).equals(readFileSync(join(v2, path)));
  for (const path of [
    "usr/lib/modules/6.1.0-demo/vmlinuz",
    "usr/lib/sysimage/dpkg/status",
    "usr/etc/ssh/sshd_config",
  ]) {
    assert.ok(differs(path), path);
  }
  assert.not.ok(differs("usr/etc/passwd"));
  assert.not.ok(existsSync(join(v2, "usr/etc/telnetrc")));
  assert.is(lstatSync(join(v1, "usr/bin/sudo")).ino, lstatSync(join(v1, "usr/bin/sudoedit")).ino);
  assert.is(lstatSync(join(v1, "usr/etc/shadow")).mode & 0o7777, 0o640);
});

const edits: { path: string; from: string; to: string; merges: boolean }[] = [
  { path: "ssh/sshd_config", from: "Port 22", to: "Port 2222", merges: true },
  { path: "ssh/sshd_config", from: "X11Forwarding yes", to: "X11Forwarding yes # ours", merges: false },
  { path: "login.defs", from: "PASS_MAX_DAYS 99999", to: "PASS_MAX_DAYS 90", merges: true },
  { path: "login.defs", from: "UMASK 022", to: "UMASK 077", merges: false },
  { path: "motd", from: "Welcome to Demo Linux 1.0.", to: "Ours.", merges: false },
];
for (const { path, from, to, merges } of edits) {
  test(`the demo's ${path} ${merges ? "merges with" : "conflicts with"} '${to}'`, () => {
    const base = readFileSync(join(demo("v1"), "usr/etc", path));
    const theirs = readFileSync(join(demo("v2"), "usr/etc", path));
    assert.ok(base.includes(from));
    const merged = mergeText(base, Buffer.from(base.toString().replace(from, to)), theirs);
    assert.is(merged !== undefined, merges);
    if (merged !== undefined) assert.ok(merged.toString().includes(to));
  });
}

test("hands the tree and what its commit needs to the commit, and leaves nothing behind", async () => {
  const scratch = tempDir();
  const commit = (composed: { tree: string }) => ({ ...composed, names: readdirSync(composed.tree), tree: "" });
  assert.equal(await compose({ file: join(IMAGES, "demo/v2.yaml"), scratch, commit }), {
    tree: "",
    ref: "demo/host/x86_64",
    version: "1.1",
    subject: "Demo host 1.1",
    timestamp: 1_775_001_600,
    kernel: "6.1.0-demo",
    names: readdirSync(demo("v2")),
  });
  assert.equal(readdirSync(scratch), []);
});

test("leaves nothing behind when the commit fails", async () => {
  const scratch = tempDir();
  const commit = () => Promise.reject(new Error("full"));
  await compose({ file: join(IMAGES, "demo/v1.yaml"), scratch, commit }).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, "full"),
  );
  assert.equal(readdirSync(scratch), []);
});

test("makes a version of the Debian version and the day when the file gives none", () => {
  const root = join(tempDir(), "tree");
  assert.is(
    composeTree(loadComposeFile(source(`${HOST}  etc/debian_version: "12.15\\n"\n`)), root).version,
    "12.15.20231114",
  );
});

test("copies overlays as root's, with settings and inline files over them", () => {
  const text = `${HOST}  etc/b: inline\nmachine: { hostname: h1, locale: C.UTF-8 }\nkargs: [ro, a=b]\nremove: [etc/c]\n`;
  const file = source(text, (over) => {
    mkdirSync(join(over, "etc"), { mode: 0o700 });
    for (const name of ["a", "b", "c"]) writeFileSync(join(over, "etc", name), name, { mode: 0o600 });
    writeFileSync(join(over, "etc/run"), "", { mode: 0o700 });
    symlinkSync("a", join(over, "etc/link"));
  });
  const root = join(tempDir(), "tree");
  composeTree(loadComposeFile(file), root);
  const etc = (name: string): string => readFileSync(join(root, "usr/etc", name), "utf8");
  const mode = (name: string): number => lstatSync(join(root, "usr/etc", name)).mode & 0o7777;
  assert.equal(
    [etc("a"), etc("b"), etc("link"), etc("hostname"), etc("locale.conf")],
    ["a", "inline", "a", "h1\n", "LANG=C.UTF-8\n"],
  );
  assert.equal([mode("."), mode("a"), mode("b"), mode("run")], [0o755, 0o644, 0o644, 0o755]);
  assert.not.ok(existsSync(join(root, "usr/etc/c")));
  assert.is(readFileSync(join(root, "usr/lib/bootc/kargs.d/10-image.toml"), "utf8"), 'kargs = ["ro","a=b"]\n');
});

const refusals: { what: string; rest: string; code: Parameters<typeof isAtomicError>[1] }[] = [
  { what: "a file through a link", rest: "  lib/x: y\n", code: "invalid" },
  { what: "a file below a file", rest: "  etc/machine-id/x: y\n", code: "invalid" },
  { what: "a file in a directory's place", rest: "  etc: y\n", code: "invalid" },
  { what: "a hard link to nothing", rest: "  x: { hardlink: usr/none }\n", code: "invalid" },
  { what: "a time zone the tree does not have", rest: "machine: { timezone: Mars/Base }\n", code: "not-found" },
  { what: "removing what is not there", rest: "remove: [etc/none]\n", code: "not-found" },
];
for (const { what, rest, code: wanted } of refusals) {
  test(`refuses ${what}`, () => {
    assert.throws(() => composeTree(loadComposeFile(source(HOST + rest)), join(tempDir(), "tree")), code(wanted));
  });
}

test("refuses an overlay that is not there, and a directory that is", () => {
  const file = source(HOST.replace("[over]", "[none]"));
  assert.throws(() => composeTree(loadComposeFile(file), join(tempDir(), "tree")), code("not-found"));
  assert.throws(() => composeTree(loadComposeFile(file), tempDir()), code("exists"));
});

test("copies an overlay over a directory of the tree", () => {
  const text = HOST.replace("[over]", "[{ from: over, to: usr/lib/made }]");
  const root = join(tempDir(), "tree");
  const file = source(text, (over) => writeFileSync(join(over, "a"), "a"));
  composeTree(loadComposeFile(file), root);
  assert.is(readFileSync(join(root, "usr/lib/made/a"), "utf8"), "a");
});

test("an overlay cannot write through a link out of the tree", () => {
  const outside = tempDir();
  const file = source(`${HOST.replace("overlays: [over]", "overlays: [over, over2]")}`, (over) => {
    symlinkSync(outside, join(over, "data"));
    mkdirSync(join(`${over}2`, "data"), { recursive: true });
    writeFileSync(join(`${over}2`, "data/x"), "");
  });
  assert.throws(() => composeTree(loadComposeFile(file), join(tempDir(), "tree")), code("invalid"));
  assert.equal(readdirSync(outside), []);
});

test("the host images are well-formed, and differ in updates only", () => {
  const base = loadComposeFile(join(IMAGES, "host/debian.yaml"));
  const updates = loadComposeFile(join(IMAGES, "host/debian-updates.yaml"));
  assert.is(base.debian?.updates, false);
  assert.is(updates.debian?.updates, true);
  assert.equal([updates.ref, updates.packages, updates.overlays], [base.ref, base.packages, base.overlays]);
  assert.ok(updates.timestamp > base.timestamp);
});

test("gives mmdebstrap arguments, never a shell string", () => {
  assert.equal(mmdebstrapCommand("/t", "bookworm", ["a", "b"], ["deb x bookworm main"]), [
    "mmdebstrap",
    "--mode=root",
    "--variant=apt",
    "--format=directory",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    "--include=a,b",
    "bookworm",
    "/t",
    "deb x bookworm main",
  ]);
});

test("says which keyring is missing before anything is downloaded", () => {
  const text =
    "format: 1\nref: a\ntimestamp: 5\nbase: debian\ndebian: { suite: x, keyring: /nowhere/k.gpg, mirror: 'http://127.0.0.1:1/debian' }\n";
  const root = join(tempDir(), "tree");
  assert.throws(() => composeTree(parseComposeFile(parseComposeDocument(text)), root), code("not-found"));
  assert.not.ok(existsSync(root));
});
