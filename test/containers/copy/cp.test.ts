import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { tempDir } from "../../support/temp.ts";
import { boxSuite } from "../engine/box-suite.ts";

const { test, atomic, detached } = boxSuite("copying into and out of containers");

function ok(...argv: string[]): string {
  const { status, stdout, stderr } = atomic(...argv);
  assert.is(status, 0, stderr);
  return stdout;
}

function inside(...program: string[]): string {
  return ok("exec", "box1", ...program);
}

/** A directory of the host with a file, a link and a directory in it. */
function hostTree(): string {
  const root = join(tempDir(), "tree");
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "file"), "content\n");
  chmodSync(join(root, "file"), 0o640);
  utimesSync(join(root, "file"), 1_700_000_000, 1_700_000_000);
  writeFileSync(join(root, "sub/deep"), "deep\n");
  symlinkSync("file", join(root, "link"));
  return root;
}

test("copies a file into a container and out again, with mode and time", () => {
  detached("box1", "sleep 100");
  const tree = hostTree();
  ok("cp", join(tree, "file"), "box1:/tmp/renamed");
  assert.is(inside("cat", "/tmp/renamed"), "content\n");
  ok("cp", "box1:/tmp/renamed", join(tree, "back"));
  const { mode, mtimeMs, uid } = statSync(join(tree, "back"));
  assert.equal([mode & 0o777, mtimeMs, uid], [0o640, 1_700_000_000_000, 0]);
});

test("puts a directory into one that is there, makes one that is not, or copies only what is in it", () => {
  detached("box1", "sleep 100");
  const tree = hostTree();
  ok("cp", tree, "box1:/tmp");
  ok("cp", tree, "box1:/tmp/new");
  ok("cp", `${tree}/.`, "box1:/tmp");
  for (const path of ["/tmp/tree/sub/deep", "/tmp/new/sub/deep", "/tmp/sub/deep"])
    assert.is(inside("cat", path), "deep\n");
  const out = tempDir();
  ok("cp", "box1:/tmp/new", out);
  assert.is(readlinkSync(join(out, "new/link")), "file");
  assert.is(readFileSync(join(out, "new/sub/deep"), "utf8"), "deep\n");
});

test("copies a symlink, or with --follow-link what it leads to", () => {
  detached("box1", "sleep 100");
  const tree = hostTree();
  ok("cp", `${tree}/.`, "box1:/tmp");
  ok("cp", "box1:/tmp/link", join(tree, "as-link"));
  ok("cp", "-L", "box1:/tmp/link", join(tree, "as-file"));
  assert.is(readlinkSync(join(tree, "as-link")), "file");
  assert.is(readFileSync(join(tree, "as-file"), "utf8"), "content\n");
});

test("gives copies to root of the container and to the caller, or keeps their owners", () => {
  const tree = hostTree();
  detached("box1", "sleep 100");
  inside("sh", "-c", "echo mine >/tmp/own && /bin/busybox chown 33:33 /tmp/own && /bin/busybox chmod 4755 /tmp/own");
  ok("cp", "box1:/tmp/own", join(tree, "own"));
  ok("cp", "--archive", "box1:/tmp/own", join(tree, "kept"));
  const facts = (name: string) => {
    const { uid, gid, mode } = statSync(join(tree, name));
    return [uid, gid, mode & 0o7777];
  };
  assert.equal(
    [facts("own"), facts("kept")],
    [
      [0, 0, 0o755],
      [33, 33, 0o4755],
    ],
  );
});

test("works on a container that has ended, whose next start finds the copy", () => {
  ok("run", "--name=box1", "--net=none", "box", "true");
  const tree = hostTree();
  ok("cp", join(tree, "file"), "box1:/tmp/file");
  ok("cp", "box1:/tmp/file", join(tree, "back"));
  assert.is(readFileSync(join(tree, "back"), "utf8"), "content\n");
});

test("sees volumes as the container does", () => {
  const [tree, volume] = [hostTree(), tempDir()];
  detached("box1", "sleep 100", `--volume=${volume}:/tmp`);
  ok("cp", join(tree, "file"), "box1:/tmp/file");
  assert.is(readFileSync(join(volume, "file"), "utf8"), "content\n");
});

const REFUSED: [string, string[], RegExp][] = [
  ["what is not there", ["cp", "box1:/nothing", "TREE/x"], /copying box1:\/nothing: there is no such file/],
  ["a file to a directory that is not there", ["cp", "TREE/file", "box1:/new/"], /there is no such directory/],
  ["a file into what is no directory", ["cp", "TREE/file", "box1:/etc/passwd/x"], /there is no directory/],
  ["a directory over a file", ["cp", "TREE/sub", "box1:/etc/passwd"], /it is a directory, and what has its name/],
  ["two paths of the host", ["cp", "TREE/file", "TREE/other"], /expected one side to be in a container/],
  ["two containers", ["cp", "box1:/etc", "box1:/tmp"], /one side has to be the host/],
  ["a container there is not", ["cp", "nosuch:/etc", "TREE/x"], /there is none/],
];
for (const [what, argv, message] of REFUSED) {
  test(`refuses ${what}`, () => {
    ok("run", "--name=box1", "--net=none", "box", "true");
    const tree = hostTree();
    const { status, stderr } = atomic(...argv.map((word) => word.replace("TREE", tree)));
    assert.is.not(status, 0);
    assert.match(stderr, message);
    assert.not(existsSync(join(tree, "x")) || existsSync(join(tree, "other")));
  });
}

test("CVE-2018-15664: a symlink of the container leads nowhere outside it", () => {
  const victim = join(tempDir(), "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "secret"), "secret of the host\n");
  detached("box1", "sleep 100");
  inside(
    "sh",
    "-c",
    `mkdir -p /tmp/a && /bin/busybox ln -s ${victim} /tmp/a/out && /bin/busybox ln -s ../../../../../..${victim}/secret /tmp/up`,
  );
  const tree = hostTree();
  for (const source of ["box1:/tmp/a/out/secret", "box1:/tmp/a/out/."])
    assert.is.not(atomic("cp", source, join(tree, "x")).status, 0);
  assert.is.not(atomic("cp", "-L", "box1:/tmp/up", join(tree, "x")).status, 0);
  assert.is.not(atomic("cp", join(tree, "file"), "box1:/tmp/a/out/written").status, 0);
  assert.not(existsSync(join(victim, "written")));
  assert.not(existsSync(join(tree, "x")));
});

test("CVE-2018-15664: nor one that takes a directory's place again and again", async () => {
  const victim = join(tempDir(), "victim");
  mkdirSync(victim);
  const swap =
    `mkdir -p /tmp/d /tmp/e; /bin/busybox ln -s ${victim} /tmp/l; ` +
    "while true; do /bin/busybox mv -T /tmp/d /tmp/x; /bin/busybox mv -T /tmp/l /tmp/d; /bin/busybox mv -T /tmp/d /tmp/l; /bin/busybox mv -T /tmp/x /tmp/d; done";
  detached("box1", swap);
  const tree = hostTree();
  for (let attempt = 0; attempt < 15; attempt++) atomic("cp", join(tree, "file"), "box1:/tmp/d/planted");
  assert.not(existsSync(join(victim, "planted")));
});

test("leaves out devices and sockets, and says so", () => {
  detached("box1", "sleep 100", "--cap-add=MKNOD");
  inside("sh", "-c", "/bin/busybox mknod /tmp/null c 1 3 && touch /tmp/there");
  const out = tempDir();
  const { status, stderr } = atomic("cp", "box1:/tmp/.", out);
  assert.is(status, 0);
  assert.match(stderr, /left out box1:\/tmp\/\.\/null: it is a device or socket/);
  assert.ok(existsSync(join(out, "there")) && !existsSync(join(out, "null")));
});

test("does not wait for a pipe, and copies it as one", () => {
  detached("box1", "sleep 100");
  inside("/bin/busybox", "mkfifo", "/tmp/pipe");
  const out = tempDir();
  ok("cp", "box1:/tmp/pipe", out);
  assert.ok(lstatSync(join(out, "pipe")).isFIFO());
});
