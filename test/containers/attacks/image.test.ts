/** What an image, or a program in it, may try on the host it is run on. */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { readRootFile } from "../../../src/containers/engine/root-file.ts";
import { writeLayout } from "../../oci/layout-builder.ts";
import { BUSYBOX } from "../../support/busybox.ts";
import { cli, type CliResult } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const missing = unmet({ root: true, mounts: true, files: [BUSYBOX, "/sys/fs/cgroup"] });
const test = suite("containers/attacks/image", missing);

const PROGRAMS = `cat chmod chown chroot cp dd date grep hostname id kill ln losetup ls mkdir mknod mount nsenter ps sh
  sleep sysctl true umount unshare`.split(/\s+/);

const MAIN = resolve(import.meta.dirname, "../../../src/main.ts");

let env: Record<string, string> = {};
let sysroot = "";

const atomic = (...argv: string[]): CliResult => cli(argv, env);

test.before(() => {
  const scratch = tempDir();
  sysroot = join(scratch, "sysroot");
  mkdirSync(sysroot);
  env = { ATOMIC_SYSROOT: sysroot, ATOMIC_RUN: join(scratch, "run") };
  const layer = [
    ...["bin", "dev", "etc", "proc", "sys", "tmp"].map((name) => ({ name, flag: "5", mode: 0o755 })),
    { name: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...PROGRAMS.map((name) => ({ name: `bin/${name}`, flag: "2", target: "busybox" })),
    { name: "etc/passwd", flag: "2", target: "../../../../../../../etc/passwd" },
    { name: "etc/hostname", flag: "2", target: join(scratch, "hostname") },
    { name: "app", flag: "2", target: "/proc/self/exe" },
  ];
  const redirected = [...layer, { name: "etc/hosts", flag: "2", target: "/proc/sys/kernel/core_pattern" }];
  assert.is(atomic("host", "init").status, 0);
  for (const [name, run] of [
    ["box", { Cmd: ["sh"] }],
    ["hosts", { Cmd: ["true"] }],
    ["self", { Entrypoint: ["/app"] }],
    ["user", { Cmd: ["id"], User: "daemon" }],
    ["cwd", { Cmd: ["ls"], WorkingDir: "/../../proc/self/fd/8/../../.." }],
    ["label", { Cmd: ["true"], Labels: { RUN: "docker run --privileged -v /:/h\u001b[2J\u001b[1A IMAGE true" } }],
  ] as const) {
    const layout = join(scratch, name);
    writeLayout(layout, {
      layers: [name === "hosts" ? redirected : layer],
      tag: "latest",
      run: { Env: ["PATH=/bin"], ...run },
    });
    const { status, stderr } = atomic("pull", `oci:${layout}`, "--name", name);
    assert.is(status, 0, stderr);
  }
});

const ATTEMPTS = [
  "unshare -Urm mount -t proc proc /tmp",
  "unshare -Urm mount -t sysfs sysfs /tmp",
  "unshare -UrmC mount -t cgroup -o memory x /tmp",
  "unshare -Urm umount /proc/kcore",
  "unshare -m true",
  "unshare -C true",
  "nsenter -t 1 -m true",
  "mount -t tmpfs x /tmp",
  "mount -t proc proc /tmp",
  "mount -o remount,rw /proc/sys",
  "mount -t cgroup -o memory x /tmp",
  "umount /proc/kcore",
  "mknod /tmp/disk b 8 0",
  "mknod /tmp/kmsg c 1 11",
  "losetup -f /bin/busybox",
  "hostname evil",
  "date -s 2000-01-01; test $(date +%Y) = 2000",
  "kill -0 2",
  "echo x > /proc/sysrq-trigger",
  "echo x > /proc/sys/kernel/core_pattern",
  "echo x > /proc/sys/vm/drop_caches",
  "echo x > /proc/irq/default_smp_affinity",
  "echo -1000 > /proc/self/oom_score_adj",
  "mkdir /sys/fs/cgroup/x",
  "mkdir /sys/fs/cgroup/memory/x",
  "dd if=/proc/kcore of=/dev/null count=1 2>&1 | grep '^1+0'",
  "grep . /proc/keys",
  "grep . /proc/timer_list",
  "grep . /proc/interrupts",
  "ls /sys/firmware/* /sys/devices/virtual/powercap/* /proc/scsi/* /proc/acpi/*",
  "sysctl -w kernel.msgmax=1",
];

test("an ordinary container gets none of what confinement is to keep from it", () => {
  const script = ATTEMPTS.map((attempt) => `(${attempt}) > /dev/null 2>&1 && echo '${attempt.replaceAll("'", "")}'`);
  const { stdout, stderr } = atomic("run", "--rm", "box", "sh", "-c", `${script.join("\n")}\necho end`);
  assert.equal([stdout, stderr], ["end\n", ""]);
});

const DEVICES = "mknod /tmp/kmsg c 1 11 || mknod /tmp/disk b 8 0 || mknod /tmp/fuse c 10 229 || echo none";
test("may not even make devices it may not use, though it may make devices", () => {
  const { stdout } = atomic("run", "--rm", "--cap-add=MKNOD", "box", "sh", "-c", DEVICES);
  assert.is(stdout, "none\n");
});

const UNIFIED = existsSync("/sys/fs/cgroup/unified/cgroup.procs") || existsSync("/sys/fs/cgroup/cgroup.procs");
test.skipUnless(UNIFIED, "needs control groups version 2")("nor where there are control groups version 2 only", () => {
  const box = ["run", "--rm", "--cap-add=MKNOD", "box", "sh", "-c", `${DEVICES}; cat /dev/null && echo null`];
  const script = 'umount -a -t cgroup; grep -c " - cgroup " /proc/self/mountinfo; exec "$@"';
  const run = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", process.execPath, MAIN, ...box], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  assert.is(run.stdout, "0\nnone\nnull\n", run.stderr);
});

test("CVE-2019-5736: an image whose program is /proc/self/exe runs nothing of the host", () => {
  const { status, stdout } = atomic("run", "--rm", "self");
  assert.is.not(status, 0);
  assert.is(stdout, "");
});

test("refuses an image whose /etc/hosts leads into /proc", () => {
  assert.match(atomic("run", "--rm", "hosts").stderr, /^error: mounting on \/etc\/hosts .*hide a part of \/proc/);
});

test("looks users up in the image only, whatever its /etc/passwd is", () => {
  assert.match(atomic("run", "--rm", "user").stderr, /the image has no user "daemon"/);
  const root = tempDir();
  mkdirSync(join(root, "etc"));
  const outside = join(tempDir(), "passwd");
  writeFileSync(outside, "secret");
  symlinkSync(outside, join(root, "absolute"));
  symlinkSync(`../../../../../..${outside}`, join(root, "relative"));
  symlinkSync(`/proc/self/root${outside}`, join(root, "magic"));
  spawnSync("mkfifo", [join(root, "fifo")]);
  spawnSync("mknod", [join(root, "zero"), "c", "1", "5"]);
  writeFileSync(join(root, "huge"), "");
  truncateSync(join(root, "huge"), 2 ** 40);
  for (const name of ["absolute", "relative", "magic", "fifo", "zero", "huge", "etc", "none", "../../../etc/passwd"])
    assert.is(readRootFile(root, name), undefined, name);
});

test("CVE-2024-21626: starts in a directory of the image, whatever it is called", () => {
  const { stdout, stderr } = atomic("run", "--rm", "cwd");
  if (stderr === "") assert.match(stdout, /^app\nbin\ndev\netc\nproc\n/);
  else assert.match(stderr, /(making|changing to) the directory/);
});

test("shows nothing of a label that a terminal would obey", () => {
  for (const argv of [
    ["run", "label"],
    ["run", "--display", "label"],
    ["info", "label"],
    ["inspect", "label"],
  ]) {
    const { stdout, stderr } = atomic(...argv);
    assert.not.match(stdout + stderr, /\u001b/);
  }
  assert.match(atomic("run", "label").stderr, /--privileged[^]*the host's \/ on \/h/);
});

const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const reachable = spawnSync("setpriv", [...NOBODY, process.execPath, MAIN, "--version"]).status === 0;
test.skipUnless(reachable, "needs a checkout that all can read")(
  "tells users without a home that there is no place for their images",
  () => {
    const { status, stderr } = spawnSync("setpriv", [...NOBODY, process.execPath, MAIN, "ps"], {
      encoding: "utf8",
      env: { ...process.env, ...env, HOME: "/" },
    });
    assert.equal(
      [status, stderr],
      [
        1,
        "error: making /.local/share for your images: it cannot be made (EACCES)\n" +
          "hint: XDG_DATA_HOME=DIRECTORY atomic images\n",
      ],
    );
  },
);

/** Directories anybody may list: names and addresses, and containers that are each closed. */
const PUBLIC = new Set(["containers", "networks"]);
test("keeps what containers write, print and are told from the other users of the host", () => {
  assert.is(atomic("run", "-d", "--name=kept", "-eSECRET=x", "box", "sleep", "100").status, 0);
  try {
    const open = (path: string): boolean => (statSync(path).mode & 0o077) !== 0;
    assert.not(open(join(sysroot, "atomic/containers")));
    const run = env["ATOMIC_RUN"]!;
    assert.equal(
      readdirSync(run).filter((name) => !PUBLIC.has(name) && open(join(run, name))),
      [],
    );
    const containers = join(run, "containers");
    assert.equal(
      existsSync(containers) ? readdirSync(containers).filter((name) => open(join(containers, name))) : [],
      [],
    );
  } finally {
    atomic("rm", "-f", "kept");
  }
});
