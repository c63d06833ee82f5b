import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeCgroups, removeCgroups, updateCgroups } from "../../../src/containers/cgroup/apply.ts";
import { deviceProgram } from "../../../src/containers/cgroup/device-program.ts";
import { parseCgroupLayout } from "../../../src/containers/cgroup/layout.ts";
import { type CgroupPlan, planCgroups } from "../../../src/containers/cgroup/plan.ts";
import {
  cgroupProcesses,
  freezeCgroups,
  isFrozenCgroup,
  killCgroups,
} from "../../../src/containers/cgroup/processes.ts";
import { readCgroupStats } from "../../../src/containers/cgroup/stats.ts";
import { DEFAULT_DEVICE_RULES } from "../../../src/containers/limits/device-rules.ts";
import type { DeviceRule, Resources } from "../../../src/containers/spec/resources.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("control groups");

const V1_TOP = "/sys/fs/cgroup/memory";
const needsV1 = unmet({ root: true, files: [`${V1_TOP}/cgroup.procs`, "/sys/fs/cgroup/pids/cgroup.procs"] });
const onV1 = test.skipUnless(needsV1 === undefined, `${needsV1} (control groups version 1)`);

function plan(resources: Resources): CgroupPlan {
  const layout = parseCgroupLayout(readFileSync("/proc/self/mountinfo", "utf8"));
  const unified = layout.hierarchies.find(({ version }) => version === 2)?.mountPoint;
  const v2Controllers = unified === undefined ? "" : readFileSync(`${unified}/cgroup.controllers`, "utf8");
  return planCgroups({ layout, v2Controllers, path: `atomic-test-${process.pid}/one`, resources });
}

/** Makes the groups, starts `command` in them, and removes all afterwards. */
async function within(
  resources: Resources,
  command: readonly string[],
  use: (groups: CgroupPlan["groups"], exit: Promise<number | null>, kill: () => void) => Promise<void>,
): Promise<void> {
  const planned = plan(resources);
  makeCgroups(planned);
  const procs = planned.groups.map(({ directory }) => `${directory}/cgroup.procs`);
  const script = 'for f in $PROCS; do echo $$ > "$f" || exit 99; done; echo in; exec "$@"';
  const child = spawn("sh", ["-c", script, "sh", ...command], {
    env: { ...process.env, PROCS: procs.join(" ") },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const exit = new Promise<number | null>((resolve) => child.on("exit", resolve));
  try {
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await use(planned.groups, exit, () => child.kill("SIGKILL"));
  } finally {
    killCgroups(planned.groups);
    await exit;
    removeCgroups(planned.groups);
    removeCgroups(planned.groups.map(({ mountPoint }) => ({ directory: `${mountPoint}/atomic-test-${process.pid}` })));
  }
}

onV1("sets limits that the kernel keeps, and removes the groups again", async () => {
  const resources: Resources = {
    memory: { limit: 64 << 20, swap: 96 << 20 },
    cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0" },
    pids: { limit: 9 },
    devices: [...DEFAULT_DEVICE_RULES],
  };
  let directories: string[] = [];
  await within(resources, ["sleep", "60"], async (groups) => {
    directories = groups.map(({ directory }) => directory);
    const read = (controller: string, file: string) => {
      const { directory } = groups.find(({ options }) => options.includes(controller))!;
      return readFileSync(join(directory, file), "utf8").trim();
    };
    assert.is(read("memory", "memory.limit_in_bytes"), String(64 << 20));
    assert.is(read("memory", "memory.memsw.limit_in_bytes"), String(96 << 20));
    assert.is(read("cpu", "cpu.cfs_quota_us"), "50000");
    assert.is(read("cpuset", "cpuset.cpus"), "0");
    assert.is(read("pids", "pids.max"), "9");
    assert.match(read("devices", "devices.list"), /^c 1:3 rwm$/m);
    assert.is(cgroupProcesses(groups).length, 1);
    const stats = readCgroupStats(groups);
    assert.is(stats.memoryLimit, 64 << 20);
    assert.is(stats.pids, 1);
    assert.is(stats.pidsLimit, 9);
    assert.is(stats.oomKills, 0);
    assert.ok(stats.cpuTime !== undefined && stats.cpuTime > 0);
    updateCgroups(plan({ memory: { limit: 32 << 20 } }));
    assert.is(readCgroupStats(groups).memoryLimit, 32 << 20);
  });
  assert.equal(directories.filter(existsSync), []);
});

onV1("keeps an ordinary container from devices with hardware behind them", async () => {
  const list: Resources = { devices: [...DEFAULT_DEVICE_RULES] };
  const probe = "(: < /dev/null) && ! (: < /dev/loop-control) && ! mknod /tmp/atomic-test-node c 10 237";
  await within(list, ["sh", "-c", probe], async (_groups, exit) => {
    assert.is(await exit, 0);
  });
});

onV1("freezes, thaws and kills a group with all that runs in it", async () => {
  await within({}, ["sh", "-c", "sleep 60 & sleep 60 & wait"], async (groups, exit) => {
    freezeCgroups(groups, true);
    assert.ok(isFrozenCgroup(groups));
    freezeCgroups(groups, false);
    assert.not(isFrozenCgroup(groups));
    freezeCgroups(groups, true);
    killCgroups(groups);
    assert.is(await exit, null);
    assert.equal(cgroupProcesses(groups), []);
  });
});

onV1("counts a kill for lack of memory", async () => {
  const hog = "import sys; x = bytearray(200 << 20); sys.exit(3)";
  const limits: Resources = { memory: { limit: 24 << 20, swap: 24 << 20 } };
  await within(limits, ["python3", "-c", hog], async (groups, exit) => {
    assert.is(await exit, null);
    assert.is(readCgroupStats(groups).oomKills, 1);
  });
});

onV1("removes what it made when the kernel refuses a value", () => {
  const planned = plan({ cpu: { cpus: "4000" } });
  assert.throws(
    () => makeCgroups(planned),
    (error: unknown) => isAtomicError(error) && /writing "4000" to .*cpuset[.]cpus: /.test(error.message),
  );
  assert.equal(
    planned.groups.filter(({ directory }) => existsSync(directory)),
    [],
  );
});

test("enables controllers all the way down, and keeps those that are", () => {
  const top = tempDir();
  for (const path of ["", "atomic", "atomic/web"]) {
    mkdirSync(join(top, path), { recursive: true });
    writeFileSync(join(top, path, "cgroup.subtree_control"), path === "" ? "cpu memory\n" : "");
    for (const file of ["memory.max", "pids.max"]) writeFileSync(join(top, path, file), "max\n");
  }
  const place = { version: 2 as const, mountPoint: top, name: "", options: [], controllers: [] };
  const layout = { hierarchies: [place] };
  const resources: Resources = { pids: { limit: 7 } };
  makeCgroups(planCgroups({ layout, v2Controllers: "cpu memory pids", path: "atomic/web", resources }));
  const read = (file: string) => readFileSync(join(top, file), "utf8");
  assert.match(read("cgroup.subtree_control"), /^[+]pids/);
  assert.match(read("atomic/cgroup.subtree_control"), /^[+]cpu [+]memory [+]pids/);
  assert.is(read("atomic/web/cgroup.subtree_control"), "");
  assert.match(read("atomic/web/pids.max"), /^7/);
});

const UNIFIED = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((path) => existsSync(`${path}/cgroup.procs`));
const needsV2 =
  unmet({ root: true, files: ["/dev/loop-control"] }) ??
  (UNIFIED === undefined ? "needs control groups version 2" : undefined);
const onV2 = test.skipUnless(needsV2 === undefined, needsV2 ?? "");

onV2("has a program decide about devices on version 2, and another once the limits change", () => {
  const layout = {
    hierarchies: [{ version: 2 as const, mountPoint: UNIFIED!, name: "", options: [], controllers: [] }],
  };
  const rules = (devices: DeviceRule[]): CgroupPlan =>
    planCgroups({ layout, v2Controllers: "", path: `atomic-test-devices-${process.pid}`, resources: { devices } });
  const usable = (): string => {
    const script = `echo $$ > ${group}/cgroup.procs; for f in null loop-control; do (: < /dev/$f) && echo $f; done`;
    return spawnSync("sh", ["-c", script], { encoding: "utf8" }).stdout;
  };
  const first = rules([...DEFAULT_DEVICE_RULES]);
  const group = first.groups[0]!.directory;
  makeCgroups(first);
  try {
    assert.is(usable(), "null\n");
    updateCgroups(rules([{ allow: true }]));
    assert.is(usable(), "null\nloop-control\n");
    updateCgroups(rules([{ allow: true }, { allow: false, type: "c", major: 1, minor: 3, access: "r" }]));
    assert.is(usable(), "loop-control\n");
  } finally {
    removeCgroups(first.groups);
  }
});

onV2("takes what the kernel's verifier takes, and removes the group when it refuses", () => {
  const group = { version: 2 as const, mountPoint: UNIFIED!, path: `atomic-test-refused-${process.pid}`, name: "" };
  const directory = `${group.mountPoint}/${group.path}`;
  const devices = deviceProgram([]).subarray(8); // without the load of what it compares
  const planned = { ...group, directory, options: [], controllers: [], writes: [], devices };
  assert.throws(
    () => makeCgroups({ groups: [planned], warnings: [] }),
    (error: unknown) => isAtomicError(error, "permission") && error.message.startsWith("loading a device program: "),
  );
  assert.not(existsSync(directory));
});
