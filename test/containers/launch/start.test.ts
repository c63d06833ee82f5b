import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { compileLaunch } from "../../../src/containers/launch/compile.ts";
import { startLaunch } from "../../../src/containers/launch/start.ts";
import { compileSeccomp } from "../../../src/containers/seccomp/compile.ts";
import { busyboxRoot } from "../../support/busybox.ts";
import {
  type Changes,
  containersUnmet,
  DEFAULT_CAPABILITIES,
  launchRequest,
  runContainer,
} from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/launch/start", containersUnmet());

async function shell(script: string, changes: Changes = {}): Promise<string> {
  const { status, stdout, stderr, failure } = await runContainer({ ...changes, args: ["sh", "-c", script] });
  assert.is(failure?.message, undefined);
  assert.is(stderr, "");
  assert.is(status, 0);
  return stdout;
}

test("runs a program as the first process on a root of its own", async () => {
  const script = "echo $$; hostname; ls /; ls -d /proc/[0-9]*";
  assert.is(await shell(script), "1\nbox\nbin\ndev\netc\nproc\nsys\ntmp\n/proc/1\n");
});

for (const [script, status] of [
  ["exit 0", 0],
  ["exit 7", 7],
] as const) {
  test(`ends with the status of: ${script}`, async () => {
    assert.is((await runContainer({ args: ["sh", "-c", script] })).status, status);
  });
}

test("gives exactly the capabilities asked for, none to inherit", async () => {
  const mask = DEFAULT_CAPABILITIES.toString(16).padStart(16, "0");
  const none = "0".repeat(16);
  const expected = `CapInh:\t${none}\nCapPrm:\t${mask}\nCapEff:\t${mask}\nCapBnd:\t${mask}\nCapAmb:\t${none}\n`;
  assert.is(await shell("grep ^Cap /proc/self/status", { rootfs: withPrograms("grep") }), expected);
});

test("runs as a user with groups and without capabilities", async () => {
  const user = { uid: 1000, gid: 100, additionalGids: [5, 6], umask: 0o77 };
  const script = "id; umask; grep ^CapEff /proc/self/status";
  const out = await shell(script, { rootfs: withPrograms("grep"), process: { user } });
  assert.is(out, `uid=1000 gid=100 groups=5,6\n0077\nCapEff:\t${"0".repeat(16)}\n`);
});

test("loads a seccomp filter, with and without no_new_privs", async () => {
  const profile = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }],
  } as const;
  const { program, flags } = compileSeccomp(profile as never, process.arch as "x64" | "arm64");
  const all = (1n << 41n) - 1n;
  const capabilities = { bounding: all, effective: all, permitted: all, inheritable: 0n, ambient: 0n };
  for (const noNewPrivileges of [false, true]) {
    const { stdout, stderr } = await runContainer({
      args: ["sh", "-c", "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; hostname other"],
      rootfs: withPrograms("grep"),
      process: { noNewPrivileges },
      request: { capabilities: onlyHeld(capabilities), seccomp: { filter: program, flags } },
    });
    assert.is(stdout, `NoNewPrivs:\t${Number(noNewPrivileges)}\nSeccomp:\t2\n`);
    assert.match(stderr, /not implemented/);
  }
});

test("mounts what is asked for, with its options", async () => {
  const source = tempDir();
  writeFileSync(join(source, "file"), "content");
  const mounts = [
    { destination: "/mnt/deep", type: "bind", source, options: ["rbind", "ro", "nodev"] },
    { destination: "/etc/one", type: "bind", source: join(source, "file"), options: ["bind"] },
    { destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["size=64k", "mode=700", "noexec"] },
  ];
  const script = `cat /mnt/deep/file /etc/one; echo x > /mnt/deep/new; echo x > /etc/one
    mount | grep -E ' /(mnt/deep|etc/one|scratch) ' | sed 's/.* on //'`;
  const { stdout, stderr } = await runContainer({
    args: ["sh", "-c", script],
    rootfs: withPrograms("grep", "sed"),
    mounts,
  });
  assert.match(stderr, /\/mnt\/deep\/new: Read-only file system/);
  assert.match(stdout, /^contentcontent/);
  assert.match(stdout, /\/mnt\/deep type \w+ \(ro,nodev,/);
  assert.match(stdout, /\/scratch type tmpfs \(rw,noexec,relatime,size=64k,mode=700\)/);
  assert.is(readFileSync(join(source, "file"), "utf8"), "x\n");
});

test("leaves no mount behind on the host", async () => {
  const before = readFileSync("/proc/self/mountinfo", "utf8");
  await shell("mount -t tmpfs x /tmp 2>/dev/null; true");
  assert.is(readFileSync("/proc/self/mountinfo", "utf8"), before);
});

test("makes devices, links and terminals", async () => {
  const script =
    "echo x > /dev/null && stat -c '%n %t:%T %a' /dev/null /dev/tty /dev/mine && ls -l /dev/fd /dev/ptmx | sed 's/.*> //'";
  const devices = [{ type: "c" as const, path: "/dev/mine", major: 1, minor: 5, fileMode: 0o600 }];
  const out = await shell(script, { rootfs: withPrograms("sed"), linux: { namespaces: own(), devices } });
  assert.is(out, "/dev/null 1:3 666\n/dev/tty 5:0 666\n/dev/mine 1:5 600\n/proc/self/fd\npts/ptmx\n");
});

test("masks and protects paths, whether they are files or directories", async () => {
  const rootfs = withPrograms("wc");
  mkdirSync(join(rootfs, "secrets"));
  writeFileSync(join(rootfs, "secrets/key"), "key");
  writeFileSync(join(rootfs, "etc/secret"), "secret");
  writeFileSync(join(rootfs, "etc/fixed"), "fixed");
  const paths = {
    maskedPaths: ["/secrets", "/etc/secret", "/no/such"],
    readonlyPaths: ["/proc/sys", "/etc/fixed", "/nor/this"],
  };
  const script =
    "ls /secrets; cat /etc/secret; echo x > /etc/fixed; echo x > /proc/sys/kernel/hostname; touch /secrets/x";
  const { stdout, stderr } = await runContainer({
    args: ["sh", "-c", script],
    rootfs,
    linux: { namespaces: own(), ...paths },
  });
  assert.is(stdout, "");
  assert.match(stderr, /fixed: Read-only.*\n.*hostname: Read-only/);
});

test("makes the root read-only, but not what is mounted in it", async () => {
  const { stderr } = await runContainer({
    args: ["sh", "-c", "echo x > /new; echo x > /dev/shm/new"],
    config: { root: { path: "rootfs", readonly: true } },
  });
  assert.match(stderr, /^sh: can't create \/new: Read-only file system\n$/);
});

test.needs({ userNamespaces: true })("gives a user namespace its IDs", async () => {
  const rootfs = busyboxRoot();
  const mappings = [
    { containerID: 0, hostID: 0, size: 1 },
    { containerID: 1, hostID: 100001, size: 65535 },
  ];
  const linux = { namespaces: [...own(), { type: "user" as const }], uidMappings: mappings, gidMappings: mappings };
  const out = await shell("id; cat /proc/self/uid_map; echo x > /dev/null; stat -c %t:%T /dev/zero", { rootfs, linux });
  assert.match(out, /^uid=0 gid=0\n\s+0 +0 +1\n\s+1 +100001 +65535\n1:5\n$/);
});

test("has a time namespace with offsets", async () => {
  const linux = { namespaces: [...own(), { type: "time" as const }], timeOffsets: { boottime: { secs: 1_000_000 } } };
  const uptime = Number((await shell("cat /proc/uptime", { linux })).split(".")[0]);
  assert.ok(uptime >= 1_000_000);
});

test("joins namespaces of another process", async () => {
  const namespaces = [
    ...own("uts", "network"),
    { type: "uts" as const, path: "/proc/self/ns/uts" },
    { type: "network" as const, path: "/proc/self/ns/net" },
  ];
  const out = await shell("hostname", {
    linux: { namespaces },
    config: { hostname: "" },
  });
  assert.is(out, readFileSync("/proc/sys/kernel/hostname", "utf8"));
});

const FAILURES: { what: string; changes: Changes; message: RegExp }[] = [
  {
    what: "a root that is not there",
    changes: { rootfs: "/no/such" },
    message: /^opening the root directory \/no\/such: no such file or directory \(ENOENT\)$/,
  },
  { what: "a program that is not there", changes: { args: ["nosuch"] }, message: /^executing nosuch: no such file/ },
  {
    what: "a program that may not be run",
    changes: { args: ["/etc"] },
    message: /^executing \/etc: permission denied \(EACCES\)$/,
  },
  {
    what: "a filesystem that is none",
    changes: { mounts: [{ destination: "/x", type: "nosuchfs" }] },
    message: /^mounting nosuchfs on \/x: .*\(ENODEV\)$/,
  },
  {
    what: "an option that is none",
    changes: { mounts: [{ destination: "/x", type: "tmpfs", options: ["nosuch=1"] }] },
    message: /^mounting tmpfs on \/x: .*\(EINVAL\)$/,
  },
  {
    what: "a sysctl that is none",
    changes: { linux: { namespaces: own(), sysctl: { "net.nosuch": "1" } } },
    message: /^setting the sysctl net.nosuch: .*ENOENT/,
  },
  {
    what: "a working directory that is a file",
    changes: { process: { cwd: "/bin/sh" } },
    message: /^making the directory \/bin\/sh: .*ENOTDIR/,
  },
];
for (const { what, changes, message } of FAILURES) {
  test(`names the step that failed: ${what}`, async () => {
    const { failure, status } = await runContainer(changes);
    assert.match(failure?.message ?? "", message);
    assert.is(status, 125);
  });
}

const REFUSALS: { what: string; changes: Changes; code: string }[] = [
  {
    what: "a bind mount without a source there",
    changes: { mounts: [{ destination: "/x", type: "bind", source: "/no/such" }] },
    code: "not-found",
  },
  { what: "a mount on the root", changes: { mounts: [{ destination: "/x/..", type: "tmpfs" }] }, code: "invalid" },
  {
    what: "a mount that hides a part of /proc",
    changes: { mounts: [{ destination: "/proc/self/attr", type: "tmpfs" }] },
    code: "invalid",
  },
  {
    what: "something else as /proc",
    changes: { mounts: [{ destination: "/proc", type: "bind", source: "/etc" }] },
    code: "invalid",
  },
  {
    what: "a sysctl outside /proc/sys",
    changes: { linux: { namespaces: own(), sysctl: { "net/../../sysrq-trigger": "c" } } },
    code: "invalid",
  },
  {
    what: "a time namespace of others",
    changes: { linux: { namespaces: [...own(), { type: "time", path: "/proc/self/ns/time" }] } },
    code: "unsupported",
  },
  { what: "no program", changes: { args: [] }, code: "invalid" },
];
for (const { what, changes, code } of REFUSALS) {
  test(`refuses before anything is done: ${what}`, () => {
    try {
      compileLaunch(launchRequest({ ...changes, rootfs: "/" }));
    } catch (error) {
      assert.is((error as { code?: string }).code, code);
      return;
    }
    assert.unreachable();
  });
}

test("keeps what a detached container prints, within bounds, and how it ended", async () => {
  const directory = tempDir();
  const args = ["sh", "-c", "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i; done; echo error >&2; exit 3"];
  const monitor = { directory, detached: true, log: true, maxLog: 20_000 };
  const descriptors = [0, 1, 2] as const;
  const { ended, pid } = startLaunch(compileLaunch(launchRequest({ args, request: { monitor } })), descriptors);
  assert.ok(pid !== undefined);
  assert.is(await ended, 3);
  assert.is(readFileSync(join(directory, "exit.json"), "utf8"), '{"exitCode":  3}\n');
  assert.equal(JSON.parse(readFileSync(join(directory, "exit.json"), "utf8")), { exitCode: 3 });
  const [log, old] = ["log", "log.1"].map((name) => readFileSync(join(directory, name)));
  assert.ok(log!.length <= 20_000 && old!.length <= 20_000);
  const last = log!.subarray(log!.lastIndexOf("error") - 32);
  assert.is(Number(last.readBigUInt64LE(16)), 2);
  assert.is(Number(last.readBigUInt64LE(24)), 6);
});

function own(...without: string[]) {
  return (["mount", "pid", "network", "uts", "ipc", "cgroup"] as const)
    .filter((type) => !without.includes(type))
    .map((type) => ({ type }));
}

function withPrograms(...programs: string[]): string {
  return busyboxRoot(programs);
}

/** Capabilities this process does not hold cannot be given. */
function onlyHeld<T extends Record<string, bigint>>(masks: T): T {
  const held = BigInt(`0x${/^CapBnd:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]!}`);
  return Object.fromEntries(Object.entries(masks).map(([name, mask]) => [name, mask & held])) as T;
}
