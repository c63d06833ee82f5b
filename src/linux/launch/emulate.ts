/** The interpreter in TypeScript: runs a program against a kernel that is a function. For tests. */
import { readRecord } from "./image.ts";
import { HEADER_SIZE, PROGRAM_BASE, RECORD_SIZE } from "./layout.ts";
import { describeOperation, type LaunchArch, type OperationName, type SyscallName } from "./syscalls.ts";

/** The memory of the program that is being run. */
export interface EmulatedMemory {
  /** The NUL-terminated string at `address`. */
  text(address: bigint): string;
  /** A view of the bytes at `address`. */
  bytes(address: bigint, length: number): Buffer;
}

/** Answers a call: the result, a negative errno, or undefined to end the run, as exit_group and execve do. */
export type EmulatedKernel = (
  name: SyscallName,
  args: readonly bigint[],
  memory: EmulatedMemory,
) => bigint | number | undefined;

/** A program that has run this long is in a loop. */
const MAX_STEPS = 1_000_000;
const WORD = 64;

/**
 * Runs the program laid out in `program` until the kernel ends it.
 * @throws Error when it leaves its memory, calls what no program calls, or does not end
 */
export function emulate(program: Buffer, arch: LaunchArch, kernel: EmulatedKernel): void {
  const offset = (address: bigint, length: number): number => {
    const at = Number(address) - PROGRAM_BASE;
    if (at < 0 || at + length > program.length) throw new Error(`0x${address.toString(16)} is outside the program`);
    return at;
  };
  const memory: EmulatedMemory = {
    text: (address) => program.toString("latin1", offset(address, 1), program.indexOf(0, offset(address, 1))),
    bytes: (address, length) => program.subarray(offset(address, length), offset(address, length) + length),
  };
  let address = BigInt(PROGRAM_BASE + HEADER_SIZE);
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const record = readRecord(program, offset(address, RECORD_SIZE));
    const args = record.args.map((value, index) =>
      (record.indirect & (1 << index)) === 0 ? value : memory.bytes(value, 8).readBigUInt64LE(),
    );
    const operation = describeOperation(record.operation, arch);
    if (operation === undefined) throw new Error(`operation ${record.operation} is unknown`);
    const answer = carryOut(operation.name, args, memory, kernel);
    if (answer === undefined) return;
    const result = BigInt.asIntN(WORD, BigInt(answer));
    if (record.store !== 0n) memory.bytes(record.store, 8).writeBigInt64LE(result);
    if (result < 0n && record.onError !== 0n) {
      program.writeBigUInt64LE(address, 0);
      program.writeBigInt64LE(result, 8);
    }
    const target = result < 0n ? record.onError : result === 0n ? record.onZero : 0n;
    address = target === 0n ? address + BigInt(RECORD_SIZE) : target;
  }
  throw new Error(`still running after ${MAX_STEPS} records`);
}

function carryOut(
  name: SyscallName | OperationName,
  args: readonly bigint[],
  memory: EmulatedMemory,
  kernel: EmulatedKernel,
): bigint | number | undefined {
  const [value, second, third, fourth] = args as [bigint, bigint, bigint, bigint];
  if (name === "compute") return ((value >> (fourth & 63n)) & second) - third;
  if (name !== "decimal") return kernel(name, args, memory);
  const digits = value.toString();
  const start = second - BigInt(digits.length);
  memory.bytes(start, digits.length).write(digits, "latin1");
  return start;
}
