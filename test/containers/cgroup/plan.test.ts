import fc from "fast-check";
import * as assert from "uvu/assert";
import { deviceProgram } from "../../../src/containers/cgroup/device-program.ts";
import { groupPath } from "../../../src/containers/cgroup/group-path.ts";
import { parseCgroupLayout } from "../../../src/containers/cgroup/layout.ts";
import { planCgroups } from "../../../src/containers/cgroup/plan.ts";
import { cpuWeight } from "../../../src/containers/cgroup/v2-writes.ts";
import { DEFAULT_DEVICE_RULES } from "../../../src/containers/limits/device-rules.ts";
import type { DeviceRule, Resources } from "../../../src/containers/spec/resources.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { runDeviceProgram } from "./ebpf-emulator.ts";

const test = suite("control group plan");

const PURE_V2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n";
const HYBRID = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
42 31 0:38 / /elsewhere/unified rw - cgroup2 cgroup2 rw
`;

test("reads what is mounted where", () => {
  const { hierarchies } = parseCgroupLayout(HYBRID);
  assert.equal(
    hierarchies.map(({ version, name, options }) => [version, name, options]),
    [
      [1, "cpu,cpuacct", ["cpu", "cpuacct"]],
      [1, "memory", ["memory"]],
      [1, "devices", ["devices"]],
      [1, "pids", ["pids"]],
      [1, "systemd", ["none", "name=systemd"]],
      [2, "unified", []],
    ],
  );
  assert.equal(parseCgroupLayout(PURE_V2).hierarchies, [
    { version: 2, mountPoint: "/sys/fs/cgroup", name: "", controllers: [], options: [] },
  ]);
  assert.throws(
    () => parseCgroupLayout("1 2 0:3 / / rw - ext4 /dev/sda rw\n"),
    (error: unknown) => isAtomicError(error, "unsupported"),
  );
});

test("places a group as the configuration asks", () => {
  assert.is(groupPath("", "web"), "atomic/web");
  assert.is(groupPath("/machines//x", "web"), "machines/x");
  assert.is(groupPath("sub/x", "web"), "atomic/sub/x");
});
for (const path of ["/", "/../x", "a/./b", "a\nb/c", "/".concat("x/".repeat(40)), `/${"x".repeat(256)}`]) {
  test(`refuses the group ${JSON.stringify(path.slice(0, 20))}`, () => {
    assert.throws(
      () => groupPath(path, "web"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}
test("refuses systemd's form of a group path", () => {
  assert.throws(
    () => groupPath("machine.slice:libpod:web", "web"),
    (error: unknown) => isAtomicError(error, "unsupported"),
  );
});

const LIMITS: Resources = {
  memory: { limit: 64 << 20, swap: 96 << 20, reservation: 32 << 20 },
  cpu: { shares: 512, quota: 50_000, period: 100_000 },
  pids: { limit: 100 },
};

function lines(mountInfo: string, resources: Resources, v2Controllers = ""): string[] {
  const layout = parseCgroupLayout(mountInfo);
  const { groups } = planCgroups({ layout, v2Controllers, path: "atomic/web", resources });
  return groups.flatMap(({ directory, writes }) => writes.map(({ file, value }) => `${directory}/${file}=${value}`));
}

test("writes limits into the hierarchies of version 1", () => {
  assert.equal(lines(HYBRID, LIMITS), [
    "/sys/fs/cgroup/cpu,cpuacct/atomic/web/cpu.shares=512",
    "/sys/fs/cgroup/cpu,cpuacct/atomic/web/cpu.cfs_period_us=100000",
    "/sys/fs/cgroup/cpu,cpuacct/atomic/web/cpu.cfs_quota_us=50000",
    "/sys/fs/cgroup/memory/atomic/web/memory.limit_in_bytes=67108864",
    "/sys/fs/cgroup/memory/atomic/web/memory.memsw.limit_in_bytes=100663296",
    "/sys/fs/cgroup/memory/atomic/web/memory.soft_limit_in_bytes=33554432",
    "/sys/fs/cgroup/pids/atomic/web/pids.max=100",
  ]);
});

test("writes limits into the one hierarchy of version 2", () => {
  assert.equal(lines(PURE_V2, LIMITS, "cpuset cpu io memory hugetlb pids\n"), [
    "/sys/fs/cgroup/atomic/web/cpu.weight=59",
    "/sys/fs/cgroup/atomic/web/cpu.max=50000 100000",
    "/sys/fs/cgroup/atomic/web/memory.low=33554432",
    "/sys/fs/cgroup/atomic/web/memory.max=67108864",
    "/sys/fs/cgroup/atomic/web/memory.swap.max=33554432",
    "/sys/fs/cgroup/atomic/web/pids.max=100",
  ]);
});

test("writes disk limits and files named outright", () => {
  const rate = [{ major: 8, minor: 0, rate: 1_000_000 }];
  const resources: Resources = {
    blockIO: { weight: 500, throttleReadBpsDevice: rate, throttleWriteIOPSDevice: rate },
    unified: { "memory.high": "1000" },
  };
  assert.equal(lines(PURE_V2, resources, "io memory"), [
    "/sys/fs/cgroup/atomic/web/io.weight=default 4950",
    "/sys/fs/cgroup/atomic/web/io.max=8:0 rbps=1000000",
    "/sys/fs/cgroup/atomic/web/io.max=8:0 wiops=1000000",
    "/sys/fs/cgroup/atomic/web/memory.high=1000",
  ]);
});

test("writes device rules into version 1, and makes a program of them for version 2", () => {
  const resources: Resources = { devices: [...DEFAULT_DEVICE_RULES] };
  const written = lines(HYBRID, resources);
  assert.is(written[0], "/sys/fs/cgroup/devices/atomic/web/devices.deny=a");
  assert.is(written.at(-1), "/sys/fs/cgroup/devices/atomic/web/devices.allow=c 136:* rwm");
  const { groups } = planCgroups({ layout: parseCgroupLayout(PURE_V2), v2Controllers: "", path: "x", resources });
  assert.ok((groups[0]?.devices?.length ?? 0) > 0);
});

test("makes a group in every hierarchy, limits or not", () => {
  const { groups } = planCgroups({ layout: parseCgroupLayout(HYBRID), v2Controllers: "", path: "a/b", resources: {} });
  assert.is(groups.length, 6);
});

for (const { what, resources, message } of [
  {
    what: "a limit without its controller",
    resources: { cpu: { cpus: "0" } },
    message: /limiting the CPUs to use: .* cpuset/,
  },
  { what: "a limit of disks without a controller", resources: { blockIO: { weight: 100 } }, message: /disk use/ },
]) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => lines(HYBRID, resources),
      (error: unknown) => isAtomicError(error, "unsupported") && message.test(error.message),
    );
  });
}

test("refuses less swap and memory together than memory", () => {
  assert.throws(
    () => lines(PURE_V2, { memory: { limit: 100, swap: 50 } }, "memory"),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});

test("maps shares to weights through the least, the usual and the greatest", () => {
  assert.equal([2, 1024, 262_144].map(cpuWeight), [1, 100, 10_000]);
});

const rule: fc.Arbitrary<DeviceRule> = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom("a", "b", "c"),
    major: fc.constantFrom(-1, 1, 2, 0xffff_ffff),
    minor: fc.constantFrom(-1, 3, 4),
    access: fc.constantFrom("", "r", "w", "m", "rw", "rwm"),
  },
  { requiredKeys: ["allow"] },
);

/** What the list says of one way of access. */
function allowedOneWay(rules: readonly DeviceRule[], type: string, major: number, minor: number, way: string): boolean {
  const last = rules.findLast(
    (one) =>
      one.type === undefined ||
      one.type === "a" ||
      (one.type === type &&
        [-1, major].includes(one.major ?? -1) &&
        [-1, minor].includes(one.minor ?? -1) &&
        (one.access ?? "").concat(one.access === "" || one.access === undefined ? "rwm" : "").includes(way)),
  );
  return last?.allow ?? false;
}

test("makes a program that answers as the list of rules says", () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 8 }),
      fc.constantFrom("b", "c"),
      fc.constantFrom(1, 2, 7, 0xffff_ffff),
      fc.constantFrom(3, 4, 5),
      fc.constantFrom("r", "w", "m", "rw", "rwm"),
      (rules, type, major, minor, access) => {
        const expected = [...access].every((way) => allowedOneWay(rules, type, major, minor, way));
        assert.is(runDeviceProgram(deviceProgram(rules), { type, major, minor, access }), expected);
      },
    ),
    { numRuns: 2000 },
  );
});
