import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { unmet } from "../../support/needs.ts";
import { tempDir } from "../../support/temp.ts";
import { boxSuite } from "./box-suite.ts";

const { test, atomic, detached, fixture } = boxSuite("atomic run --userns", {
  unmet: unmet({ userNamespaces: true }),
});

const sh = (options: readonly string[], script: string) =>
  atomic("run", "--rm", "--net=none", ...options, "box", "sh", "-c", script);
const upper = (name: string, path: string) => join(fixture().sysroot, "atomic/containers", name, "upper", path);

/** One that every user of the host may write into. */
function openDirectory(): string {
  const directory = tempDir();
  chmodSync(directory, 0o1777);
  return directory;
}

test("gives a container users of its own, to whom the image's files belong", () => {
  const script =
    "cat /proc/self/uid_map; busybox stat -Lc '%u %n' / /bin/busybox /etc/hosts /dev/pts/0; touch /new /etc/hosts && echo ok";
  const { status, stdout, stderr } = sh(["-t", "--userns=auto:size=1000"], script);
  assert.match(
    stdout.replaceAll("\r", ""),
    /^ +0 +\d{5,} +1000\n0 \/\n0 \/bin\/busybox\n0 \/etc\/hosts\n0 \/dev\/pts\/0\nok\n$/,
  );
  assert.equal([status, stderr], [0, ""]);
});

test("owns on the host what a container writes by its range, set-id or not, the same at every start", () => {
  const script =
    "busybox test -e /dir || { mkdir /dir; busybox chown 33:33 /dir; busybox cp /bin/busybox /su; busybox chmod 4755 /su; }";
  detached("kept", `${script}; echo done; sleep 1000`, "--userns=auto");
  const owners = () => ["", "dir", "su"].map((path) => statSync(upper("kept", path)).uid);
  atomic("exec", "kept", "sh", "-c", "until busybox test -u /su; do sleep 0.1; done");
  const [first = 0, ...others] = owners();
  assert.ok(first > 65_536);
  assert.equal(others, [first + 33, first]);
  assert.is(statSync(upper("kept", "su")).mode & 0o7777, 0o4755);
  assert.match(atomic("diff", "kept").stdout, /^A \/dir\n(C \/etc\n)?A \/su\n$/);
  atomic("stop", "--time=0", "kept");
  assert.is(atomic("start", "kept").status, 0);
  const again = atomic(
    "exec",
    "-u=33",
    "kept",
    "sh",
    "-c",
    "busybox id -u; busybox stat -c %u /dir; cat /proc/self/uid_map",
  );
  assert.match(again.stdout, new RegExp(`^33\n33\n +0 +${first} +65536\n$`));
});

test("gives no two containers the same users, and neither reads the other's files", () => {
  const shared = openDirectory();
  for (const name of ["one", "two"]) {
    const script = `umask 077; echo secret > /v/${name}; sleep 1000`;
    detached(name, script, "--userns=auto", "-v", `${shared}:/v`);
  }
  const attack =
    "until busybox test -e /v/one; do sleep 0.1; done; cat /v/one; echo x > /v/one; busybox chown 0 /v/one";
  const { stdout, stderr } = atomic("exec", "two", "sh", "-c", attack);
  assert.is(stdout, "");
  assert.is(stderr.match(/denied|not permitted/g)?.length, 3, stderr);
  const [one, two] = ["one", "two"].map((name) => statSync(join(shared, name)).uid) as [number, number];
  assert.ok(Math.abs(one - two) >= 65_536);
});

test("is nobody on the host, whatever it is in the container", () => {
  const directory = openDirectory();
  writeFileSync(join(directory, "roots"), "secret", { mode: 0o600 });
  const script = [
    "busybox mknod /sda b 8 0",
    "cat /v/roots",
    "busybox chown 0 /v/roots",
    "echo 1 > /proc/sys/kernel/sysrq",
  ];
  const { stdout, stderr } = sh(["--userns=auto", "--privileged", "-v", `${directory}:/v`], script.join("; "));
  assert.is(stdout, "");
  for (const word of ["mknod", "cat: .*roots", "chown", "sysrq"]) assert.match(stderr, new RegExp(word));
  assert.is(statSync(join(directory, "roots")).uid, 0);
  assert.is(readFileSync(join(directory, "roots"), "utf8"), "secret");
});

test("shows a volume's files as the container's own with :idmap, where the filesystem can", () => {
  const directory = openDirectory();
  writeFileSync(join(directory, "theirs"), "");
  chownSync(join(directory, "theirs"), 33, 33);
  const volumes = ["-v", `${directory}:/v:idmap`, "-v", `${directory}:/w`];
  const { stdout } = sh(["--userns=auto", ...volumes], "busybox stat -c %u /v/theirs /v /w/theirs; touch /v/new");
  assert.is(stdout, "33\n0\n65534\n");
  assert.is(statSync(join(directory, "new")).uid, 0);
  const refused = sh(["--userns=auto", "-v", "/proc/tty:/v:idmap"], "true");
  assert.match(refused.stderr, /^error: mapping the owners in \/proc\/tty: .*\n$/);
});

test("takes maps as the operator writes them, also where it shares the host's other namespaces", () => {
  const maps = ["--uidmap=0:500000:10", "--uidmap=33:600000", "--gidmap=0:700000:40"];
  const script = "cat /proc/self/uid_map /proc/self/gid_map; busybox id -u";
  const options = ["--rm", "--net=host", "--pid=host", "--ipc=host", ...maps];
  const { status, stdout, stderr } = atomic("run", ...options, "box", "sh", "-c", script);
  assert.is(stdout.replaceAll(/^ +| +(?= )/gm, ""), "0 500000 10\n33 600000 1\n0 700000 40\n0\n");
  assert.equal([status, stderr], [0, ""]);
});

test("says in one line that root has no other IDs to keep", () => {
  const { status, stderr } = sh(["--userns=keep-id"], "true");
  assert.is(status, 1);
  assert.match(
    stderr,
    /^error: running with --userns=keep-id: root has no other IDs .*\nhint: atomic run --userns=auto/,
  );
});
