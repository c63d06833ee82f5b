/** Processes by descriptor: what is meant stays meant when its number is given to another. Spec: pidfd_open(2) */
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";

const SYS_pidfd_send_signal = 424;
const SYS_pidfd_open = 434;
const open = cFunction<[number, number, number]>("long syscall(long, int, unsigned int)");
const send = cFunction<[number, number, number, null, number]>("long syscall(long, int, int, void *, unsigned int)");

/** A descriptor of a process. @throws KernelError (ESRCH) when there is none of that number */
export function pidfdOpen(pid: number): number {
  const fd = open(SYS_pidfd_open, pid, 0);
  if (fd < 0) throw failure(`opening the process ${pid}`, { feature: "pidfd_open" });
  return fd;
}

/** Sends a signal. @throws KernelError (ESRCH) when the process has ended, permission */
export function pidfdSendSignal(fd: number, signal: number): void {
  if (send(SYS_pidfd_send_signal, fd, signal, null, 0) < 0)
    throw failure(`sending the signal ${signal}`, { feature: "pidfd_send_signal" });
}
