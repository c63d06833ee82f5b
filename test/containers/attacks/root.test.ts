/** What a root directory may hold to have the runtime write, read or mount outside it, or open what is closed. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { compileLaunch } from "../../../src/containers/launch/compile.ts";
import { startLaunch } from "../../../src/containers/launch/start.ts";
import { busyboxRoot } from "../../support/busybox.ts";
import { type Changes, containersUnmet, launchRequest, type Ran, runContainer } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/attacks/root", containersUnmet());

function sh(script: string, changes: Changes): Promise<Ran> {
  return runContainer({ ...changes, args: ["sh", "-c", script] });
}

/** A root in which `path` is a symlink to `target`. */
function rootWithLink(path: string, target: string, ...programs: string[]): string {
  const rootfs = busyboxRoot(programs);
  rmSync(join(rootfs, path), { recursive: true, force: true });
  mkdirSync(join(rootfs, path, ".."), { recursive: true });
  symlinkSync(target, join(rootfs, path));
  return rootfs;
}

function withoutMounts(...destinations: string[]): Changes {
  const mounts = launchRequest({}).config.mounts!.filter(({ destination }) => !destinations.includes(destination));
  return { config: { mounts } };
}

for (const [path, step] of [
  ["proc", "mounting proc on /proc"],
  ["sys", "mounting sysfs on /sys"],
  ["dev", "mounting tmpfs on /dev"],
] as const) {
  for (const target of ["tmp", "/etc", "../../../..", "/proc/self/cwd"]) {
    test(`CVE-2019-19921, CVE-2026-41579: refuses /${path} as a symlink to ${target}`, async () => {
      const { failure, status } = await runContainer({ rootfs: rootWithLink(path, target) });
      assert.match(failure?.message ?? "", new RegExp(`^${step}: .*ELOOP`));
      assert.is(status, 125);
    });
  }
}

test("CVE-2023-27561: mounts nothing but a process filesystem on /proc, and nothing in it", () => {
  const fake = tempDir();
  mkdirSync(join(fake, "self/attr"), { recursive: true });
  for (const destination of ["/proc", "proc/../proc", "/proc/self/attr", "/proc/sys/kernel", "//proc//self"]) {
    const mounts = [{ destination, type: "bind", source: fake, options: ["bind"] }];
    assert.throws(() => compileLaunch(launchRequest({ mounts })), /^mounting on .*(hide a part|no process filesystem)/);
  }
});

test("CVE-2019-16884, CVE-2025-52881: writes sysctls through the host's /proc, whatever the root has for one", async () => {
  const rootfs = busyboxRoot();
  const forged = join(rootfs, "proc/sys/net/ipv4");
  mkdirSync(forged, { recursive: true });
  writeFileSync(join(forged, "ip_forward"), "untouched");
  const { linux } = launchRequest({}).config;
  const mounts = [...withoutMounts("/proc").config!.mounts!, { destination: "/real", type: "proc", source: "proc" }];
  const { stdout, failure } = await sh("cat /proc/sys/net/ipv4/ip_forward /real/sys/net/ipv4/ip_forward", {
    rootfs,
    linux: { ...linux, sysctl: { "net.ipv4.ip_forward": "1" } },
    config: { mounts },
  });
  assert.equal([failure?.message, stdout], [undefined, "untouched1\n"]);
});

test("CVE-2025-31133: masks with the host's /dev/null, not with what the image calls so", async () => {
  const rootfs = rootWithLink("dev/null", "/etc/core_pattern", "tail");
  writeFileSync(join(rootfs, "etc/core_pattern"), "core");
  writeFileSync(join(rootfs, "etc/secret"), "secret");
  const { linux } = launchRequest({}).config;
  const script =
    "cat /etc/secret; echo '|/evil' > /etc/secret; stat -c %t:%T /dev/null /etc/secret; cat /etc/core_pattern";
  const { stdout, failure } = await sh(script, {
    rootfs,
    ...withoutMounts("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"),
    linux: { ...linux, maskedPaths: ["/etc/secret"] },
  });
  assert.equal([failure?.message, stdout], [undefined, "1:3\n1:3\ncore"]);
});

test("makes devices in place of what the image has there, and no device where a symlink leads", async () => {
  const outside = tempDir();
  const rootfs = busyboxRoot();
  for (const name of ["null", "zero", "tty", "ptmx"]) symlinkSync(join(outside, name), join(rootfs, "dev", name));
  const { failure } = await sh("stat -c %F /dev/zero /dev/tty", { rootfs, ...withoutMounts("/dev") });
  assert.is(failure?.message, undefined);
  assert.equal(readdirSync(outside), []);
  const linked = rootWithLink("dev", outside);
  const unmounted = withoutMounts("/dev", "/dev/pts", "/dev/shm", "/dev/mqueue");
  const refused = await runContainer({ rootfs: linked, ...unmounted });
  assert.match(refused.failure?.message ?? "", /^making the device \/dev\/null: .*(ELOOP|ENOENT|ENOTDIR)/);
  assert.equal(readdirSync(outside), []);
});

for (const target of ["/outside/deep", "../../../../outside", "/proc/self/root/outside", "/proc/1/cwd/../outside"]) {
  test(`CVE-2024-45310: makes mount points inside the root, though a symlink leads to ${target}`, async () => {
    const outside = tempDir();
    const shared = tempDir();
    symlinkSync(target.replace("outside", outside.slice(1)), join(shared, "link"));
    const mounts = [
      { destination: "/shared", type: "bind", source: shared, options: ["bind"] },
      { destination: "/shared/link/new/deep", type: "tmpfs" },
    ];
    await runContainer({ mounts });
    assert.equal(readdirSync(outside), []);
  });
}

for (const cwd of Array.from({ length: 20 }, (_, index) => `/proc/self/fd/${index}`)) {
  test(`CVE-2024-21626: does not start in ${cwd}`, async () => {
    const rootfs = rootWithLink("work", cwd);
    for (const path of [cwd, "/work", `${cwd}/../../..`]) {
      const { failure, stdout } = await runContainer({ rootfs, args: ["ls"], process: { cwd: path } });
      if (failure === undefined) assert.match(stdout, /^bin\ndev\netc\nproc\n/);
      else assert.match(failure.message, /^(making|changing to) the directory/);
    }
  });
}

test("CVE-2016-9962: leaves no descriptor open but those that are meant", async () => {
  const { stdout } = await sh("for f in /proc/self/fd/*; do readlink $f; done; ls /proc/1/fd; true", {
    rootfs: busyboxRoot(["readlink"]),
  });
  const [, , , ...more] = stdout.trimEnd().split("\n");
  assert.equal(more, ["0", "1", "2"]);
});

test("CVE-2019-5736: what starts a container cannot be written, by any name it has", async () => {
  const monitor = { directory: tempDir(), detached: true, log: false, maxLog: 0 };
  const program = compileLaunch(launchRequest({ args: ["sleep", "60"], request: { monitor } }));
  const before = new Set(readdirSync("/proc"));
  const { pid, ended } = startLaunch(program, [0, 1, 2]);
  const watching = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !before.has(name) && isLaunch(name));
  assert.ok(watching.length > 0);
  for (const name of watching) assert.throws(() => writeFileSync(`/proc/${name}/exe`, "evil"), /ETXTBSY|EPERM|EACCES/);
  process.kill(pid!, "SIGKILL");
  await ended;
});

test("CVE-2019-5736: an image whose program is /proc/self/exe runs nothing of the host", async () => {
  const rootfs = rootWithLink("bin/app", "/proc/self/exe");
  const { status, stdout } = await runContainer({ rootfs, args: ["/bin/app"] });
  assert.is.not(status, 0);
  assert.is(stdout, "");
});

test("changes the owner of none of its streams", async () => {
  const before = statSync("/dev/null");
  await runContainer({ process: { user: { uid: 1000, gid: 1000 } } });
  const { uid, gid, mode } = statSync("/dev/null");
  assert.equal([uid, gid, mode], [before.uid, before.gid, before.mode]);
});

test("CVE-2020-14370: passes nothing of its own environment on", async () => {
  process.env["ATOMIC_TEST_SECRET"] = "secret";
  const { stdout } = await sh("env; cat /proc/1/environ", { rootfs: busyboxRoot(["env"]) });
  delete process.env["ATOMIC_TEST_SECRET"];
  assert.not.match(stdout, /secret/);
});

test("CVE-2022-0492: a container sees control groups read-only, its own as the root", async () => {
  const { config } = launchRequest({});
  const options = ["nosuid", "noexec", "nodev", "ro"];
  const mounts = [...config.mounts!, { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options }];
  const script = "cd /sys/fs/cgroup; mkdir memory/x x; echo evil > memory/release_agent; echo 1 > memory/cgroup.procs";
  const { stderr } = await sh(script, {
    rootfs: busyboxRoot(["mkdir"]),
    config: { mounts },
    request: { cgroups: existsSync("/sys/fs/cgroup/memory") ? [memoryGroup()] : [] },
  });
  assert.not.match(stderr, /^sh: .*(applet|syntax)/);
  assert.is(stderr.split("\n").filter((line) => line !== "").length, 4);
});

test("mounts a file where a symlink of the image leads, though nothing is there", async () => {
  const outside = tempDir();
  const rootfs = rootWithLink("etc/resolv.conf", join(outside, "deep/made"));
  const source = join(tempDir(), "resolv.conf");
  writeFileSync(source, "nameserver 192.0.2.1\n");
  const mounts = [{ destination: "/etc/resolv.conf", type: "bind", source, options: ["bind"] }];
  const { stdout, failure } = await sh("cat /etc/resolv.conf", { rootfs, mounts });
  assert.equal([failure?.message, stdout], [undefined, "nameserver 192.0.2.1\n"]);
  assert.equal(readdirSync(outside), []);
});

test("lets no symlink of the image redirect a mount into /proc", () => {
  const source = tempDir();
  const rootfs = rootWithLink("data", "/proc/sys");
  for (const destination of ["/data", "/data/kernel", "/data/../proc/self"]) {
    const mounts = [{ destination, type: "bind", source, options: ["bind"] }];
    assert.throws(() => compileLaunch(launchRequest({ rootfs, mounts })), /it would hide a part of \/proc/);
  }
});

test("gives up on symlinks that lead in circles", async () => {
  const rootfs = rootWithLink("data", "data/x");
  const mounts = [{ destination: "/data", type: "tmpfs" }];
  assert.match((await runContainer({ rootfs, mounts })).failure?.message ?? "", /^mounting tmpfs on .*ELOOP/);
});

function isLaunch(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").length > 0 && /memfd:launch/.test(exeOf(pid));
  } catch {
    return false;
  }
}

function exeOf(pid: string): string {
  return readFileSync(`/proc/${pid}/maps`, "utf8");
}

function memoryGroup() {
  return { directory: "/sys/fs/cgroup/memory", version: 1 as const, name: "memory", options: ["memory"] };
}
