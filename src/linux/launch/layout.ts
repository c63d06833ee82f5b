/**
 * A program's bytes at its address: header, records, data. docs/formats.md describes them.
 *
 * The interpreter's code knows two addresses of it, the failure cell and the first record, so all programs have one.
 */
import { AtomicError } from "../../errors.ts";
import type { Program, Target, Value } from "./program.ts";
import { type LaunchArch, operationNumber } from "./syscalls.ts";

/** Where a program starts in its file, and beyond a multiple of any page size in memory. */
export const PROGRAM_OFFSET = 0x200;
/** Where every program lies in memory; stub-*.ts have this address as the failure cell's. */
export const PROGRAM_BASE = 0x600000 + PROGRAM_OFFSET;
/** Failure cell (16), magic (8), version, machine, records, data bytes (4 each). */
export const HEADER_SIZE = 64;
export const RECORD_SIZE = 80;
export const MAGIC = Buffer.from("atomicLP", "latin1");
export const VERSION = 1;
/** `e_machine` of ELF. */
export const MACHINES: Readonly<Record<LaunchArch, number>> = { x64: 62, arm64: 183 };

/** More than any container needs; a program is one small file and a few pages of memory. */
export const MAX_RECORDS = 0xffff;
export const MAX_DATA = 4 * 1024 * 1024;

const MAX_ARGS = 6;
const STORE = 56;
const ON_ERROR = 64;
const ON_ZERO = 72;

/** Offsets in a record. */
export const RECORD = { operation: 0, indirect: 4, args: 8, store: STORE, onError: ON_ERROR, onZero: ON_ZERO } as const;

/**
 * The program as it lies at `base`.
 * @throws AtomicError invalid when it has too many records or too much data
 */
export function layOut(program: Program, arch: LaunchArch, base = PROGRAM_BASE): Buffer {
  const { instructions, labels, data, pointers } = program;
  if (instructions.length > MAX_RECORDS || data.length > MAX_DATA)
    throw new AtomicError(
      "invalid",
      `writing a launch program of ${instructions.length} records and ${data.length} bytes of data: ` +
        `at most ${MAX_RECORDS} and ${MAX_DATA} are allowed`,
    );
  const dataStart = HEADER_SIZE + instructions.length * RECORD_SIZE;
  const image = Buffer.alloc(dataStart + data.length);
  MAGIC.copy(image, 16);
  for (const [index, value] of [VERSION, MACHINES[arch], instructions.length, data.length].entries())
    image.writeUInt32LE(value, 24 + index * 4);

  const addressOfData = (at: number): number => base + dataStart + at;
  const target = (to: Target | undefined): number => {
    if (to === undefined) return 0;
    return to.kind === "absolute" ? to.address : base + HEADER_SIZE + labels.get(to)! * RECORD_SIZE;
  };
  const word = (value: Value): number | bigint => {
    if (typeof value !== "object") return value;
    if (value.kind === "memory") return value.address;
    return value.kind === "failure" ? PROGRAM_BASE : addressOfData(value.at);
  };

  for (const [index, { operation, args, store, onError, onZero }] of instructions.entries()) {
    const at = HEADER_SIZE + index * RECORD_SIZE;
    if (args.length > MAX_ARGS) throw new Error(`${operation}: ${args.length} arguments`);
    const indirect = args.reduce((bits: number, value, arg) => bits | (isSlot(value) ? 1 << arg : 0), 0);
    image.writeInt32LE(operationNumber(operation, arch), at + RECORD.operation);
    image.writeUInt32LE(indirect, at + RECORD.indirect);
    for (const [arg, value] of args.entries()) writeWord(image, word(value), at + RECORD.args + arg * 8);
    writeWord(image, store === undefined ? 0 : addressOfData(store.at), at + STORE);
    writeWord(image, target(onError), at + ON_ERROR);
    writeWord(image, target(onZero), at + ON_ZERO);
  }
  image.set(data, dataStart);
  for (const { at, to } of pointers) writeWord(image, addressOfData(to), dataStart + at);
  return image;
}

/** 64 bits of two's complement; numbers by halves, as making a `bigint` of each takes most of the time. */
function writeWord(image: Buffer, value: number | bigint, at: number): void {
  if (value === 0) return; // it is there
  if (typeof value === "bigint") {
    image.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  } else {
    image.writeUInt32LE(value >>> 0, at);
    image.writeUInt32LE(Math.floor(value / 2 ** 32) >>> 0, at + 4);
  }
}

function isSlot(value: Value): boolean {
  return typeof value === "object" && (value.kind === "slot" || value.kind === "memory");
}
