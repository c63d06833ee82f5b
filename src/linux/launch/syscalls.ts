/**
 * The system calls a launch program can make: numbers on x86-64 and arm64, names of the arguments.
 *
 * Only calls that both architectures have with the same arguments, so a program is the same on both.
 * Source: the kernel's syscall_64.tbl and asm-generic/unistd.h.
 */

/** `[x86-64, arm64, ...arguments]` */
type Row = readonly [number, number, ...string[]];

export const SYSCALLS = {
  read: [0, 63, "fd", "buffer", "length"],
  write: [1, 64, "fd", "buffer", "length"],
  close: [3, 57, "fd"],
  lseek: [8, 62, "fd", "offset", "whence"],
  ioctl: [16, 29, "fd", "request", "argument"],
  getpid: [39, 172],
  sendfile: [40, 71, "out", "in", "offset", "length"],
  socket: [41, 198, "domain", "type", "protocol"],
  connect: [42, 203, "fd", "address", "length"],
  sendmsg: [46, 211, "fd", "message", "flags"],
  clone: [56, 220, "flags", "stack", "parent_tid", "fourth", "fifth"],
  execve: [59, 221, "path", "argv", "envp"],
  wait4: [61, 260, "pid", "status", "options", "rusage"],
  kill: [62, 129, "pid", "signal"],
  fcntl: [72, 25, "fd", "command", "argument"],
  getcwd: [79, 17, "buffer", "length"],
  chdir: [80, 49, "path"],
  fchdir: [81, 50, "fd"],
  chroot: [161, 51, "path"],
  fchmod: [91, 52, "fd", "mode"],
  fchown: [93, 55, "fd", "uid", "gid"],
  umask: [95, 166, "mask"],
  setpgid: [109, 154, "pid", "group"],
  setsid: [112, 157],
  setgroups: [116, 159, "count", "groups"],
  setresuid: [117, 147, "real", "effective", "saved"],
  setresgid: [119, 149, "real", "effective", "saved"],
  capset: [126, 91, "header", "data"],
  rt_sigaction: [13, 134, "signal", "action", "old", "size"],
  rt_sigprocmask: [14, 135, "how", "set", "old", "size"],
  pivot_root: [155, 41, "new_root", "put_old"],
  prctl: [157, 167, "option", "arg2", "arg3", "arg4", "arg5"],
  mount: [165, 40, "source", "target", "type", "flags", "data"],
  umount2: [166, 39, "target", "flags"],
  sethostname: [170, 161, "name", "length"],
  setdomainname: [171, 162, "name", "length"],
  clock_gettime: [228, 113, "clock", "time"],
  exit_group: [231, 94, "status"],
  keyctl: [250, 219, "operation", "arg2", "arg3", "arg4", "arg5"],
  ppoll: [271, 73, "fds", "count", "timeout", "mask", "mask_size"],
  faccessat: [269, 48, "dirfd", "path", "mode"],
  openat: [257, 56, "dirfd", "path", "flags", "mode"],
  mkdirat: [258, 34, "dirfd", "path", "mode"],
  mknodat: [259, 33, "dirfd", "path", "mode", "device"],
  fchownat: [260, 54, "dirfd", "path", "uid", "gid", "flags"],
  unlinkat: [263, 35, "dirfd", "path", "flags"],
  symlinkat: [266, 36, "target", "dirfd", "path"],
  fchmodat: [268, 53, "dirfd", "path", "mode"],
  unshare: [272, 97, "flags"],
  dup3: [292, 24, "old", "new", "flags"],
  pipe2: [293, 59, "fds", "flags"],
  writev: [20, 66, "fd", "vector", "count"],
  signalfd4: [289, 74, "fd", "mask", "mask_size", "flags"],
  prlimit64: [302, 261, "pid", "resource", "new", "old"],
  setns: [308, 268, "fd", "type"],
  renameat2: [316, 276, "old_dirfd", "old", "new_dirfd", "new", "flags"],
  seccomp: [317, 277, "operation", "flags", "argument"],
  memfd_create: [319, 279, "name", "flags"],
  execveat: [322, 281, "dirfd", "path", "argv", "envp", "flags"],
  mmap: [9, 222, "address", "length", "protection", "flags", "fd", "offset"],
  pidfd_send_signal: [424, 424, "pidfd", "signal", "info", "flags"],
  open_tree: [428, 428, "dirfd", "path", "flags"],
  move_mount: [429, 429, "from_dirfd", "from", "to_dirfd", "to", "flags"],
  fsopen: [430, 430, "type", "flags"],
  fsconfig: [431, 431, "fd", "command", "key", "value", "aux"],
  fsmount: [432, 432, "fd", "flags", "attributes"],
  pidfd_open: [434, 434, "pid", "flags"],
  close_range: [436, 436, "first", "last", "flags"],
  openat2: [437, 437, "dirfd", "path", "how", "size"],
  mount_setattr: [442, 442, "dirfd", "path", "flags", "attributes", "size"],
} as const satisfies Record<string, Row>;

export type SyscallName = keyof typeof SYSCALLS;

/** Operations the interpreter carries out itself; their numbers are what its code compares with. */
export const OPERATIONS = {
  /** `((value >> shift) & mask) - subtrahend`; the difference is a result as a system call's is. */
  compute: [-1, "value", "mask", "subtrahend", "shift"],
  /** Writes `value` in decimal digits that end before `end`; the result is the first digit's address. */
  decimal: [-2, "value", "end"],
} as const;

export type OperationName = keyof typeof OPERATIONS;

/** An architecture launch programs run on, as `process.arch` names it. */
export type LaunchArch = "x64" | "arm64";

/** The number an instruction's record holds: the system call's, or below zero an operation's. */
export function operationNumber(name: SyscallName | OperationName, arch: LaunchArch): number {
  if (name in OPERATIONS) return OPERATIONS[name as OperationName][0];
  return SYSCALLS[name as SyscallName][arch === "x64" ? 0 : 1];
}

/** Name and argument names of a record's number; undefined for one no program of ours holds. */
export function describeOperation(
  number: number,
  arch: LaunchArch,
): { name: SyscallName | OperationName; args: readonly string[] } | undefined {
  for (const [name, [value, ...args]] of Object.entries(OPERATIONS))
    if (value === number) return { name: name as OperationName, args };
  for (const [name, [x64, arm64, ...args]] of Object.entries(SYSCALLS) as [SyscallName, Row][])
    if ((arch === "x64" ? x64 : arm64) === number) return { name, args };
  return undefined;
}
