/** 32-bit x86 has its socket and System V calls twice: by themselves, and behind `socketcall` and `ipc`. */
import type { SeccompArg, SeccompRule } from "../spec/seccomp.ts";

/** Each call at the place of its number, from 1 on; see net.h and ipc(2). */
const SOCKETCALL = `socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom
  shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg`.split(/\s+/);
const IPC: Readonly<Record<string, number>> = {
  semop: 1,
  semget: 2,
  semctl: 3,
  semtimedop: 4,
  msgsnd: 11,
  msgrcv: 12,
  msgget: 13,
  msgctl: 14,
  shmat: 21,
  shmdt: 22,
  shmget: 23,
  shmctl: 24,
};

/**
 * The second way to make the call `name`, if it has one, with the test that recognizes it. Its other arguments are in
 * memory where no filter sees them: a rule that tests them refuses that way altogether, or does not open it.
 */
export function muxedCall(
  name: string,
  { args = [], action }: SeccompRule,
): { via: "socketcall" | "ipc"; arg: SeccompArg } | undefined {
  if (args.length > 0 && (action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG")) return undefined;
  const socket = SOCKETCALL.indexOf(name) + 1;
  if (socket > 0) return { via: "socketcall", arg: { index: 0, op: "SCMP_CMP_EQ", value: socket } };
  const ipc = Object.hasOwn(IPC, name) ? IPC[name] : undefined;
  // The upper half of ipc's number is a version that the kernel takes off.
  if (ipc !== undefined) {
    return { via: "ipc", arg: { index: 0, op: "SCMP_CMP_MASKED_EQ", value: 0xffff, valueTwo: ipc } };
  }
  return undefined;
}
