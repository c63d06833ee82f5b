import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { compileSeccomp } from "../../../src/containers/seccomp/compile.ts";
import { defaultSeccomp } from "../../../src/containers/seccomp/default-profile.ts";
import { type FilterArch, syscallTable } from "../../../src/containers/seccomp/syscalls/table.ts";
import type { Seccomp, SeccompRule } from "../../../src/containers/spec/seccomp.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { AUDIT_ARCH, runFilter } from "./emulator.ts";
import { libseccompFilters, libseccompMissing } from "./libseccomp.ts";

const test = suite("default seccomp profile");

const DEBIAN_PROFILE = "/usr/share/containers/seccomp.json";
const ARCHS: readonly FilterArch[] = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_X86"];
const AUDIT: Record<string, number> = { SCMP_ARCH_X86: AUDIT_ARCH.x86 };
const GARBAGE = 0xdead_0000_0000n;

interface Conditions {
  caps?: string[];
  arches?: string[];
}
interface EngineProfile {
  defaultAction: Seccomp["defaultAction"];
  defaultErrnoRet: number;
  syscalls: (SeccompRule & { includes?: Conditions; excludes?: Conditions })[];
}

/** What an engine makes of the profile for a container with these capabilities. */
function resolve(profile: EngineProfile, capabilities: ReadonlySet<string>): Seccomp {
  const applies = ({ includes = {}, excludes = {} }: EngineProfile["syscalls"][number]) =>
    (includes.caps ?? []).every((cap) => capabilities.has(cap)) &&
    !(excludes.caps ?? []).some((cap) => capabilities.has(cap)) &&
    (includes.arches === undefined || includes.arches.includes("amd64"));
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [...ARCHS],
    syscalls: profile.syscalls.filter(applies).map(({ names, action, args, errnoRet }) => ({
      names,
      action,
      args: args ?? [],
      ...(errnoRet === undefined ? {} : { errnoRet }),
    })),
  };
}

/** Where we differ on purpose, by what is answered to every sample: see docs/decisions/0031. */
const NEWER = `cachestat fchmodat2 file_getattr file_setattr futex_requeue futex_wait futex_waitv futex_wake getxattrat
  listmount listxattrat lsm_get_self_attr lsm_list_modules lsm_set_self_attr map_shadow_stack mseal open_tree_attr
  removexattrat setxattrat statmount uprobe uretprobe`.split(/\s+/);
/** What Debian's own profile answers differently from one release to the next. */
const VARYING = `io_pgetevents_time64 perf_event_open quotactl_fd readdir sigaction sigpending sigsuspend`.split(" ");

const NO_CAPS = new Set<string>();
const EVERY_CAP = new Set(
  "AUDIT_WRITE DAC_READ_SEARCH SYS_ADMIN SYS_CHROOT SYS_MODULE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG"
    .split(" ")
    .map((name) => `CAP_${name}`),
);

const missing = libseccompMissing() ?? unmet({ files: [DEBIAN_PROFILE] });
for (const [what, capabilities] of [
  ["no capabilities", NO_CAPS],
  ["all capabilities", EVERY_CAP],
  ["one of them", new Set(["CAP_SYS_CHROOT"])],
] as const) {
  test.skipUnless(missing === undefined, missing ?? "")(
    `differs from Debian's only as documented, with ${what}`,
    () => {
      const debian = resolve(JSON.parse(readFileSync(DEBIAN_PROFILE, "utf8")) as EngineProfile, capabilities);
      const [theirs] = libseccompFilters([debian]);
      const { program } = compileSeccomp(defaultSeccomp(capabilities, "x64"), "x64");
      const differing = new Set<string>();
      for (const arch of ARCHS) {
        for (const [name, number] of syscallTable(arch)) {
          for (const first of [0n, 1n, 2n, 8n, 16n, 38n, 40n, 45n, 0x20000n, 0xffff_ffffn]) {
            for (const [second, third] of [
              [0n, 9n],
              [0x5412n, 0n],
              [0x541cn, 0n],
            ] as const) {
              const call = { arch: AUDIT[arch] ?? AUDIT_ARCH.x86_64, number, args: [first, second, third, 0n, 0n, 0n] };
              if (runFilter(theirs!, call) === runFilter(program, call)) continue;
              if (!NEWER.includes(name) && !VARYING.includes(name)) differing.add(describe(name, first, second));
            }
          }
        }
      }
      assert.equal(
        [...differing].sort(),
        [
          "ioctl 0x5412",
          "ioctl 0x541c",
          "socket 38",
          "socket 40",
          // Those of 32-bit x86 that open a socket; the family is in memory.
          "socketcall",
        ].sort(),
      );
    },
  );
}

function describe(name: string, first: bigint, second: bigint): string {
  if (name === "socket") return `socket ${first}`;
  if (name === "ioctl") return `ioctl 0x${second.toString(16)}`;
  return name;
}

const allowed = (program: Buffer, name: string, args: bigint[]) =>
  runFilter(program, {
    arch: AUDIT_ARCH.x86_64,
    number: syscallTable("SCMP_ARCH_X86_64").get(name)!,
    args: [0n, 1n, 2n, 3n, 4n, 5n].map((_, index) => args[index] ?? 0n),
  }) === 0x7fff_0000;

test("is not fooled by garbage in the half of an argument that the kernel drops", () => {
  const { program } = compileSeccomp(defaultSeccomp(NO_CAPS, "x64"), "x64");
  for (const args of [
    ["socket", 38n],
    ["socket", 40n],
    ["socket", 16n, 0n, 9n],
    ["ioctl", 0n, 0x5412n],
  ] as const) {
    const [name, ...values] = args;
    assert.not(allowed(program, name, [...values]), name);
    assert.not(
      allowed(
        program,
        name,
        values.map((value) => value | GARBAGE),
      ),
      `${name} with garbage`,
    );
  }
  assert.ok(allowed(program, "socket", [16n, 0n, 0n]));
  assert.ok(allowed(program, "socket", [41n]));
});

test("offers no io_uring and no kernel keys, whatever the capabilities", () => {
  const { program } = compileSeccomp(defaultSeccomp(EVERY_CAP, "x64"), "x64");
  for (const name of ["io_uring_setup", "add_key", "request_key", "kexec_load", "userfaultfd"]) {
    assert.not(allowed(program, name, []), name);
  }
});

test("fits arm64", () => {
  const { program, unknownArchitectures } = compileSeccomp(defaultSeccomp(NO_CAPS, "arm64"), "arm64");
  const number = syscallTable("SCMP_ARCH_AARCH64").get("openat")!;
  assert.is(runFilter(program, { arch: AUDIT_ARCH.arm64, number, args: [] }), 0x7fff_0000);
  assert.equal(unknownArchitectures, []);
});

/** Installs the filter given in hex, then tries calls and prints their errno. */
const INSTALL = `
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
code = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
program = Program(len(code) // 8, code)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(program)) == 0, ctypes.get_errno()
for number, *args in [[39], [41, 2, 1, 0], [41, 38, 5, 0], [425, 1, 0], [248, 0], [246, 0], [165, 0, 0, 0, 0, 0], [999]]:
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, args))
    print(number, "ok" if result >= 0 else ctypes.get_errno())
`;
const unable = unmet({ programs: ["python3"] }) ?? (process.arch === "x64" ? undefined : "needs x86-64");
test.skipUnless(unable === undefined, unable ?? "")("is taken by the kernel and answers as it says", () => {
  const { program } = compileSeccomp(defaultSeccomp(NO_CAPS, "x64"), "x64");
  const { stdout, stderr, status } = spawnSync("python3", ["-c", INSTALL, program.toString("hex")], {
    encoding: "utf8",
  });
  assert.is(status, 0, stderr);
  assert.equal(stdout.trim().split("\n"), [
    "39 ok", // getpid
    "41 ok", // socket AF_INET
    "41 97", // socket AF_ALG: EAFNOSUPPORT
    "425 38", // io_uring_setup: ENOSYS
    "248 38", // add_key: ENOSYS
    "246 1", // kexec_load: EPERM
    "165 14", // mount: permitted by the filter, and the kernel says EFAULT
    "999 38", // unknown: ENOSYS
  ]);
});
