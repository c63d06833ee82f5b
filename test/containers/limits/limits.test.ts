import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import {
  capabilityArgument,
  capabilityNames,
  DEFAULT_CAPABILITIES,
  grantCapabilities,
  parseHostCapabilities,
} from "../../../src/containers/limits/capabilities.ts";
import { maskedPaths, READONLY_PATHS } from "../../../src/containers/limits/hidden-paths.ts";
import { clampRlimits, parseHardLimits, RLIM_INFINITY } from "../../../src/containers/limits/rlimits.ts";
import { checkSysctls } from "../../../src/containers/limits/sysctls.ts";
import { type Rlimit, RLIMIT_TYPES } from "../../../src/containers/spec/process.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("container limits");

const ALL = { bounding: (1n << 41n) - 1n, last: 40 };
const KILL = 1n << 5n;
const CHOWN = 1n;
const SYS_RESOURCE = 1n << 24n;

test("knows capabilities by their numbers", () => {
  assert.equal(capabilityNames(CHOWN | KILL | SYS_RESOURCE | (1n << 40n)), [
    "CAP_CHOWN",
    "CAP_KILL",
    "CAP_SYS_RESOURCE",
    "CAP_CHECKPOINT_RESTORE",
  ]);
  assert.is(capabilityNames(ALL.bounding).length, 41);
});

test("gives an ordinary container eleven capabilities", () => {
  const { masks } = grantCapabilities({ bounding: [...DEFAULT_CAPABILITIES] }, ALL);
  // CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE SYS_CHROOT SETFCAP
  assert.is(masks.bounding, 0x800405fbn);
  assert.is(DEFAULT_CAPABILITIES.length, 11);
});

test("grants nothing beyond the host's bounding set, and says so", () => {
  const host = { bounding: ALL.bounding & ~SYS_RESOURCE, last: 40 };
  const names = ["CAP_SYS_RESOURCE", "CAP_KILL", "CAP_NOSUCH"];
  const { masks, warnings } = grantCapabilities({ bounding: names, permitted: names, effective: names }, host);
  assert.equal([masks.bounding, masks.permitted, masks.effective], [KILL, KILL, KILL]);
  assert.equal(warnings, ["this host has no CAP_SYS_RESOURCE to give", "this host has no CAP_NOSUCH to give"]);
});

test("grants nothing effective that is not permitted, and nothing ambient that is not inheritable", () => {
  const { masks } = grantCapabilities(
    { permitted: ["CAP_KILL"], effective: ["CAP_KILL", "CAP_CHOWN"], ambient: ["CAP_KILL"] },
    ALL,
  );
  assert.equal(masks, { bounding: 0n, permitted: KILL, inheritable: 0n, effective: KILL, ambient: 0n });
});

test("reads this process's bounding set", () => {
  const host = parseHostCapabilities(
    readFileSync("/proc/self/status", "utf8"),
    readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"),
  );
  assert.ok(host.last >= 37);
  assert.throws(
    () => parseHostCapabilities("CapBnd:\tx", "40\n"),
    (error: unknown) => isAtomicError(error, "unsupported"),
  );
});

test("takes a capability as operators write it", () => {
  assert.equal(capabilityArgument("net_admin"), ["CAP_NET_ADMIN"]);
  assert.equal(capabilityArgument("CAP_KILL"), ["CAP_KILL"]);
  assert.is(capabilityArgument("all").length, 41);
  for (const bad of ["", "CAP_", "kil", "CAP_CAP_KILL"]) {
    assert.throws(
      () => capabilityArgument(bad),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  }
});

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 20000                files     
Max nice priority         0                    0                    
`;

test("reads hard limits by number", () => {
  const hard = parseHardLimits(LIMITS);
  assert.is(hard.length, RLIMIT_TYPES.length);
  assert.equal([hard[0], hard[7], hard[13]], [RLIM_INFINITY, 20000n, 0n]);
});

test("lowers limits to what this host allows, and says so", () => {
  const wanted: Rlimit[] = [
    { type: "RLIMIT_NOFILE", soft: 4096, hard: 1048576 },
    { type: "RLIMIT_CPU", soft: 7, hard: 2 ** 64 },
    { type: "RLIMIT_NICE", soft: 2 ** 63, hard: 2 ** 63 },
  ];
  const { rlimits, warnings } = clampRlimits(wanted, parseHardLimits(LIMITS));
  assert.equal(rlimits, [
    { resource: 7, soft: 4096n, hard: 20000n },
    { resource: 0, soft: 7n, hard: RLIM_INFINITY },
    { resource: 13, soft: 0n, hard: 0n },
  ]);
  assert.equal(warnings, [
    "RLIMIT_NOFILE: this host allows 20000 instead of 1048576",
    "RLIMIT_NICE: this host allows 0 instead of no limit",
  ]);
});

test("leaves limits alone for who may raise them", () => {
  const { rlimits, warnings } = clampRlimits([{ type: "RLIMIT_NOFILE", soft: 5, hard: 1048576 }], undefined);
  assert.equal(rlimits, [{ resource: 7, soft: 5n, hard: 1048576n }]);
  assert.equal(warnings, []);
});

test("lets a container set the sysctls of its own namespaces", () => {
  checkSysctls(
    { "kernel.shmmax": "1", "fs.mqueue.msg_max": "1", "net.ipv4.ip_forward": "1" },
    new Set(["ipc", "network"]),
  );
  checkSysctls({ "net/ipv4/conf/eth0.1/mtu": "1" }, new Set(["network"]));
});

for (const [name, why] of [
  ["kernel.core_pattern", /belongs to the whole host/],
  ["kernel/core_pattern", /belongs to the whole host/],
  ["kernel.shmmax", /ipc namespace, which the container shares/],
  ["net.ipv4.ip_forward", /network namespace/],
  ["vm.overcommit_memory", /whole host/],
  ["kernel.msgmax.", /whole host/],
  ["", /whole host/],
] as const) {
  test(`refuses the sysctl ${JSON.stringify(name)} of the host`, () => {
    assert.throws(
      () => checkSysctls({ [name]: "1" }, new Set(["uts"])),
      (error: unknown) => isAtomicError(error, "invalid") && why.test(error.message),
    );
  });
}

test("hides what tells about the host", () => {
  const hidden = maskedPaths(["cpu0", "cpu12", "cpufreq", "../x"]);
  for (const path of ["/proc/kcore", "/proc/keys", "/sys/firmware", "/sys/devices/system/cpu/cpu12/thermal_throttle"]) {
    assert.ok(hidden.includes(path), path);
  }
  assert.is(hidden.filter((path) => path.includes("thermal")).length, 2);
  assert.ok(READONLY_PATHS.includes("/proc/sys"));
});
