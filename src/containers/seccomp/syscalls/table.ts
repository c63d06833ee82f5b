/** System calls by name, for each architecture a filter can be made for. */
import type { SeccompArch } from "../../spec/seccomp.ts";
import { ARM64 } from "./arm64.ts";
import { X86_64 } from "./x86-64.ts";
import { X86 } from "./x86.ts";

/** An architecture whose system calls are known. */
export type FilterArch = (typeof FILTER_ARCHS)[number];
export const FILTER_ARCHS = [
  "SCMP_ARCH_X86_64",
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X32",
  "SCMP_ARCH_AARCH64",
] as const satisfies SeccompArch[];

/** Added to every number of x32, whose calls otherwise come as those of x86-64 (`__X32_SYSCALL_BIT`). */
export const X32_BIT = 0x4000_0000;

/** Calls of x86-64 that x32 lacks, and those with a number of their own from 512 on, in order. */
const NOT_IN_X32 = `_sysctl create_module epoll_ctl_old epoll_wait_old get_kernel_syms get_thread_area nfsservctl
  query_module set_thread_area uprobe uretprobe uselib vserver`;
const OWN_IN_X32 = `512 rt_sigaction rt_sigreturn ioctl readv writev recvfrom sendmsg recvmsg execve ptrace
  rt_sigpending rt_sigtimedwait rt_sigqueueinfo sigaltstack timer_create mq_notify kexec_load waitid set_robust_list
  get_robust_list vmsplice move_pages preadv pwritev rt_tgsigqueueinfo recvmmsg sendmmsg process_vm_readv
  process_vm_writev setsockopt getsockopt io_setup io_submit execveat preadv2 pwritev2`;

/** Whether a filter can be made for `arch`. */
export function isFilterArch(arch: SeccompArch): arch is FilterArch {
  return (FILTER_ARCHS as readonly string[]).includes(arch);
}

/** The numbers of `arch`'s system calls by name; those of x32 with their bit. */
export function syscallTable(arch: FilterArch): ReadonlyMap<string, number> {
  return MAKERS[arch]();
}

const MAKERS: Readonly<Record<FilterArch, () => Map<string, number>>> = {
  SCMP_ARCH_X86_64: () => readTable(X86_64),
  SCMP_ARCH_X86: () => readTable(X86),
  SCMP_ARCH_AARCH64: () => readTable(ARM64),
  SCMP_ARCH_X32: () => {
    const calls = readTable(X86_64);
    for (const name of words(NOT_IN_X32)) calls.delete(name);
    for (const [name, number] of readTable(OWN_IN_X32)) calls.set(name, number);
    for (const [name, number] of calls) calls.set(name, number + X32_BIT);
    return calls;
  },
};

function readTable(text: string): Map<string, number> {
  const calls = new Map<string, number>();
  let next = 0;
  for (const word of words(text)) {
    if (/^\d+$/.test(word)) next = Number(word);
    else calls.set(word, next++);
  }
  return calls;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
