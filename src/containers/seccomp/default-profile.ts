/** The system calls a container may make when nobody says otherwise. */
import type { Seccomp, SeccompRule } from "../spec/seccomp.ts";
import type { Machine } from "./compile.ts";
import { type FilterArch, syscallTable } from "./syscalls/table.ts";

/** The architectures a machine runs, its own first. */
const ARCHS: Readonly<Record<Machine, readonly FilterArch[]>> = {
  x64: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64"],
};

/**
 * Calls that no container gets. They answer ENOSYS, as a kernel without them would, so that programs fall back: long
 * gone ones, the kernel's keys, which are shared between containers, and io_uring, which no filter looks into.
 */
const ABSENT = `_sysctl add_key afs_syscall break create_module ftime get_kernel_syms getpmsg gtty idle
  io_pgetevents_time64 io_uring_enter io_uring_register io_uring_setup lock mpx prof profil putpmsg quotactl_fd
  request_key security set_mempolicy_home_node stty tuxcall ulimit vserver`;
/** Calls that answer EPERM, whatever the capabilities: they are about the whole host, or attack surface nobody needs. */
const REFUSED = `bdflush io_pgetevents kexec_file_load kexec_load migrate_pages move_pages nfsservctl nice oldfstat
  oldlstat oldolduname oldstat olduname sgetmask ssetmask swapoff swapon sysfs uselib userfaultfd ustat vm86 vm86old
  vmsplice`;
/** Calls that answer EPERM without the capability. */
const NEED: Readonly<Record<string, string>> = {
  CAP_DAC_READ_SEARCH: "open_by_handle_at",
  CAP_SYS_ADMIN: "bpf fanotify_init lookup_dcookie perf_event_open quotactl setdomainname sethostname",
  CAP_SYS_CHROOT: "chroot",
  CAP_SYS_MODULE: "delete_module finit_module init_module query_module",
  CAP_SYS_PACCT: "acct",
  CAP_SYS_PTRACE: "kcmp process_madvise",
  CAP_SYS_RAWIO: "ioperm iopl",
  CAP_SYS_TIME: "clock_settime clock_settime64 settimeofday stime",
  CAP_SYS_TTY_CONFIG: "vhangup",
};
/** Calls permitted by their arguments. */
const BY_ARGUMENT = "personality";

const EPERM = 1;
const EINVAL = 22;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;
/** The kernel takes these arguments as 32 bits; a test of all 64 would be passed by garbage in the upper half. */
const INT = 0xffff_ffff;
const AF_NETLINK = 16;
const AF_ALG = 38;
const AF_VSOCK = 40;
const NETLINK_AUDIT = 9;
/** Types into the terminal of whoever started the container; TIOCLINUX pastes on a console. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** Linux, Linux with 32-bit uname, the same two without randomized addresses, and "what is it?". */
const PERSONALITIES = [0, 0x8, 0x20000, 0x20008, INT];

/**
 * The default profile for a container with these capabilities (`CAP_…`): every known system call except those listed
 * above; what is newer than the table answers ENOSYS. podman's default has the same effect, except for what
 * docs/decisions/0031 lists.
 */
export function defaultSeccomp(capabilities: ReadonlySet<string>, machine: Machine): Seccomp {
  const refused = words(REFUSED);
  for (const [capability, names] of Object.entries(NEED)) {
    if (!capabilities.has(capability)) refused.push(...words(names));
  }
  const special = new Set([...words(ABSENT), ...words(BY_ARGUMENT), ...refused]);
  const known = new Set(ARCHS[machine].flatMap((arch) => [...syscallTable(arch).keys()]));
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: [...ARCHS[machine]],
    syscalls: [
      { names: [...known].filter((name) => !special.has(name)), action: "SCMP_ACT_ALLOW" },
      { names: refused, action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      ...PERSONALITIES.map((value): SeccompRule => ({
        names: ["personality"],
        action: "SCMP_ACT_ALLOW",
        args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
      })),
      refuseInt("ioctl", EPERM, [[1, TIOCSTI]]),
      refuseInt("ioctl", EPERM, [[1, TIOCLINUX]]),
      refuseInt("socket", EAFNOSUPPORT, [[0, AF_ALG]]),
      refuseInt("socket", EAFNOSUPPORT, [[0, AF_VSOCK]]),
      ...(capabilities.has("CAP_AUDIT_WRITE")
        ? []
        : [
            refuseInt("socket", EINVAL, [
              [0, AF_NETLINK],
              [2, NETLINK_AUDIT],
            ]),
          ]),
    ],
  };
}

function refuseInt(name: string, errnoRet: number, args: readonly (readonly [number, number])[]): SeccompRule {
  return {
    names: [name],
    action: "SCMP_ACT_ERRNO",
    errnoRet,
    args: args.map(([index, valueTwo]) => ({ index, value: INT, valueTwo, op: "SCMP_CMP_MASKED_EQ" })),
  };
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
