/** eBPF programs that answer for the devices of a control group. Spec: bpf(2), linux/bpf.h */
import { failure } from "./errno.ts";
import { close } from "./files.ts";
import { cFunction } from "./libc.ts";

const bpfCall = cFunction<[number, number, Uint8Array, number]>("long syscall(long, int, void *, unsigned int)");
/** Copies nothing: what it returns is the address of its first argument, which attributes hold. */
const addressOf = cFunction<[Uint8Array, Uint8Array, number], number | bigint>(
  "uintptr_t memcpy(void *, const void *, size_t)",
);

const SYS_BPF = process.arch === "arm64" ? 280 : 321;
const PROG_LOAD = 5;
const PROG_ATTACH = 8;
const PROG_DETACH = 9;
const PROG_GET_FD_BY_ID = 13;
const PROG_QUERY = 16;
const TYPE_CGROUP_DEVICE = 15;
const AT_CGROUP_DEVICE = 6;
/** Programs of groups below are asked as well, and each must allow an access. */
const ALLOW_MULTI = 2;
const INSTRUCTION_SIZE = 8;
const MAX_ATTACHED = 64;
const FEATURE = "eBPF for control groups";
/** The helpers a program may call depend on it; these call none. */
const LICENSE = Buffer.from("Apache-2.0\0");

/**
 * Has `program` decide from now on which devices the processes of a v2 control group may use; it takes the place of what
 * was attached before, so that at no time nothing decides.
 * @param group an open directory of cgroup2
 * @param program an array of `struct bpf_insn`
 * @throws KernelError unsupported, permission; invalid for a program that the kernel's verifier refuses
 */
export function attachDeviceProgram(group: number, program: Uint8Array): void {
  const loaded = load(program);
  try {
    const before = attachedPrograms(group);
    bpf("attaching a device program to", PROG_ATTACH, [group, loaded, AT_CGROUP_DEVICE, ALLOW_MULTI], group);
    for (const id of before) detach(group, id);
  } finally {
    close(loaded);
  }
}

function load(program: Uint8Array): number {
  // prog_type, insn_cnt, insns, license, then zeros
  const attributes = Buffer.alloc(64);
  attributes.writeUInt32LE(TYPE_CGROUP_DEVICE, 0);
  attributes.writeUInt32LE(program.length / INSTRUCTION_SIZE, 4);
  attributes.writeBigUInt64LE(pointer(program), 8);
  attributes.writeBigUInt64LE(pointer(LICENSE), 16);
  return bpf("loading a device program", PROG_LOAD, attributes);
}

function attachedPrograms(group: number): number[] {
  const ids = Buffer.alloc(4 * MAX_ATTACHED);
  // target_fd, attach_type, query_flags, attach_flags, prog_ids, prog_cnt
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(group, 0);
  attributes.writeUInt32LE(AT_CGROUP_DEVICE, 4);
  attributes.writeBigUInt64LE(pointer(ids), 16);
  attributes.writeUInt32LE(MAX_ATTACHED, 24);
  bpf("asking for the device programs of", PROG_QUERY, attributes, group);
  const count = attributes.readUInt32LE(24);
  return Array.from({ length: count }, (_, index) => ids.readUInt32LE(4 * index));
}

function detach(group: number, id: number): void {
  const program = bpf("opening the device program of", PROG_GET_FD_BY_ID, [id], group);
  try {
    bpf("detaching the device program of", PROG_DETACH, [group, program, AT_CGROUP_DEVICE], group);
  } finally {
    close(program);
  }
}

function bpf(doing: string, command: number, attributes: Buffer | readonly number[], group?: number): number {
  const bytes = Buffer.isBuffer(attributes) ? attributes : Buffer.from(Uint32Array.from(attributes).buffer);
  const result = bpfCall(SYS_BPF, command, bytes, bytes.length);
  if (result >= 0) return result;
  throw failure(doing, { fd: group, feature: FEATURE, codes: { EINVAL: "invalid", E2BIG: "invalid" } });
}

function pointer(bytes: Uint8Array): bigint {
  return BigInt(addressOf(bytes, bytes, 0));
}
