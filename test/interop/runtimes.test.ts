import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import type { Process } from "../../src/containers/spec/process.ts";
import { makeBundle } from "../support/bundle.ts";
import { busyboxRoot } from "../support/busybox.ts";
import { runtimeCli } from "../support/cli.ts";
import { type Changes, containersUnmet } from "../support/containers.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("atomic-runtime beside runc", containersUnmet() ?? unmet({ programs: ["runc"] }));

/**
 * Seen from inside. Left out is what runtimes are free in: what covers a masked path (runc: a node of the container's own
 * /dev and a tmpfs with other options), and that runc sets HOME where the configuration does not.
 */
const SEES: Readonly<Record<string, string>> = {
  "who it is": "id; umask; grep -E '^(Groups|NoNewPrivs|Seccomp):' /proc/self/status",
  "its capabilities": "grep ^Cap /proc/self/status",
  "its limits": "grep -E 'open files|core file|oom' /proc/self/limits; cat /proc/self/oom_score_adj",
  "its environment": "env | grep -v ^SHLVL | sort; pwd; hostname; echo $$",
  "its devices":
    "stat -c '%n %F %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/mine; ls -d /dev/fd /dev/std* /dev/ptmx /dev/pts /dev/shm /dev/mqueue",
  "its mounts":
    "while read i p d root at options rest; do echo $at ${options}; done < /proc/self/mountinfo | grep -vE '^(/|/proc/keys|/proc/timer_list|/sys/firmware) ' | sort",
  "what is masked and protected":
    "cat /proc/timer_list /proc/keys | wc -c; ls /sys/firmware | wc -l; for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /etc/new; do (echo x > $f) 2>&1; done",
  "its namespaces":
    "set -- /proc/[0-9]*; echo $#; cat /proc/net/dev | grep -c :; cat /proc/sys/net/ipv4/ip_unprivileged_port_start",
  "what its seccomp profile refuses": "busybox mkdir /tmp/made; busybox rmdir /tmp/made",
  "its descriptors": "ls /proc/self/fd",
};

const PROCESS: Partial<Process> = {
  user: { uid: 0, gid: 0, additionalGids: [5, 10] },
  cwd: "/tmp",
  env: ["PATH=/bin", "HOME=/", "A=b", "EMPTY="],
  capabilities: {
    bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID", "CAP_DAC_OVERRIDE"],
    permitted: ["CAP_KILL", "CAP_CHOWN", "CAP_DAC_OVERRIDE"],
    effective: ["CAP_KILL", "CAP_DAC_OVERRIDE"],
  },
  rlimits: [
    { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
    { type: "RLIMIT_CORE", soft: 0, hard: 0 },
  ],
  noNewPrivileges: true,
  oomScoreAdj: 300,
};

const VARIANTS: Readonly<Record<string, Partial<Process>>> = {
  root: {},
  "another user": { user: { uid: 33, gid: 34, umask: 0o27 }, noNewPrivileges: false },
  "a user with ambient capabilities": {
    user: { uid: 33, gid: 34 },
    capabilities: Object.fromEntries(
      ["bounding", "permitted", "effective", "inheritable", "ambient"].map((set) => [set, ["CAP_KILL"]]),
    ),
  },
};

function changes(script: string, process: Partial<Process>): Changes {
  const types = ["mount", "pid", "network", "uts", "ipc"] as const;
  return {
    rootfs: busyboxRoot(["env", "grep", "pwd", "sort", "wc"]),
    args: ["sh", "-c", `${script}; exit 9`],
    process: { ...PROCESS, ...process },
    mounts: [{ destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["nosuid", "noexec", "ro", "size=64k"] }],
    linux: {
      namespaces: types.map((type) => ({ type })),
      devices: [{ type: "c", path: "/dev/mine", major: 1, minor: 5, fileMode: 0o640, uid: 0, gid: 0 }],
      sysctl: { "net.ipv4.ip_unprivileged_port_start": "80" },
      maskedPaths: ["/proc/timer_list", "/proc/keys", "/sys/firmware", "/no/such"],
      readonlyPaths: ["/proc/sys", "/proc/sysrq-trigger"],
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86_64"],
        syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 39 }],
      },
      rootfsPropagation: "private",
    },
  };
}

interface Seen {
  status: number | null;
  output: string;
}

const state = join(tempDir(), "state");
let count = 0;

async function ours(bundle: string): Promise<string> {
  const id = `atomic-test-beside-${process.pid}-${(count += 1)}`;
  const runtime = (...argv: string[]) => runtimeCli(["--root", state, ...argv]);
  const directory = tempDir();
  const created = runtimeCli(["--root", state, "create", "--bundle", bundle, id], directory);
  assert.is(created.status, 0, created.stderr);
  assert.is(runtime("start", id).status, 0);
  while (!runtime("state", id).stdout.includes('"stopped"')) await sleep(10);
  runtime("delete", id);
  return readFileSync(join(directory, "stdout"), "utf8");
}

function runc(bundle: string): Seen {
  const argv = [
    "--root",
    join(state, "runc"),
    "run",
    "--bundle",
    bundle,
    `atomic-test-runc-${process.pid}-${(count += 1)}`,
  ];
  const { status, stdout, stderr } = spawnSync("runc", argv, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return { status, output: stdout + stderr };
}

const script = Object.entries(SEES)
  .map(([what, one]) => `echo "== ${what}"; { ${one}; } 2>&1`)
  .join("; ");

for (const [who, process] of Object.entries(VARIANTS))
  test(`shows ${who} what runc shows`, async () => {
    const [mine, theirs] = [
      await ours(makeBundle(changes(script, process))),
      runc(makeBundle(changes(script, process))),
    ];
    assert.is(theirs.status, 9, theirs.output);
    assert.is(mine, theirs.output);
  });
