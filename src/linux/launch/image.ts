/** Reading a launch executable back: its records as they will run, its data and its steps. */
import { AtomicError } from "../../errors.ts";
import {
  HEADER_SIZE,
  MACHINES,
  MAGIC,
  MAX_DATA,
  PROGRAM_BASE,
  PROGRAM_OFFSET,
  RECORD,
  RECORD_SIZE,
  VERSION,
} from "./layout.ts";
import { decodeSteps } from "./steps.ts";
import type { LaunchArch } from "./syscalls.ts";

/** A record with addresses where the program has labels and data. */
export interface LaunchRecord {
  operation: number;
  /** Bit n: argument n is the address of the value. */
  indirect: number;
  args: readonly bigint[];
  store: bigint;
  onError: bigint;
  onZero: bigint;
}

export interface LaunchImage {
  arch: LaunchArch;
  records: readonly LaunchRecord[];
  /** The name of each record's step. */
  steps: readonly string[];
  data: Buffer;
  /** The data's address. */
  dataBase: number;
}

/** @throws AtomicError invalid when `file` is no launch executable of this version */
export function readLaunchExecutable(file: Buffer): LaunchImage {
  const image = file.subarray(PROGRAM_OFFSET);
  if (image.length < HEADER_SIZE || !image.subarray(16, 16 + MAGIC.length).equals(MAGIC))
    throw new AtomicError("invalid", "reading a launch program: it is none");
  const [version, machine, count, dataLength] = [24, 28, 32, 36].map((at) => image.readUInt32LE(at));
  const arch = (["x64", "arm64"] as const).find((name) => MACHINES[name] === machine);
  if (version !== VERSION || arch === undefined)
    throw new AtomicError("invalid", `reading a launch program: version ${version} for machine ${machine} is unknown`);
  const dataStart = HEADER_SIZE + count! * RECORD_SIZE;
  if (dataLength! > MAX_DATA || dataStart + dataLength! > image.length)
    throw new AtomicError("invalid", "reading a launch program: it is shorter than its header says");
  return {
    arch,
    records: Array.from({ length: count! }, (_, index) => readRecord(image, HEADER_SIZE + index * RECORD_SIZE)),
    steps: decodeSteps(image.subarray(dataStart + dataLength!), count!),
    data: image.subarray(dataStart, dataStart + dataLength!),
    dataBase: PROGRAM_BASE + dataStart,
  };
}

/** The record at `at`. */
export function readRecord(bytes: Buffer, at: number): LaunchRecord {
  return {
    operation: bytes.readInt32LE(at + RECORD.operation),
    indirect: bytes.readUInt32LE(at + RECORD.indirect),
    args: Array.from({ length: 6 }, (_, index) => bytes.readBigUInt64LE(at + RECORD.args + index * 8)),
    store: bytes.readBigUInt64LE(at + RECORD.store),
    onError: bytes.readBigUInt64LE(at + RECORD.onError),
    onZero: bytes.readBigUInt64LE(at + RECORD.onZero),
  };
}

/** The index of the record at an address, which may be just past the last; undefined for any other address. */
export function recordIndex(address: bigint, records: number): number | undefined {
  const offset = Number(address) - PROGRAM_BASE - HEADER_SIZE;
  const index = offset / RECORD_SIZE;
  return Number.isInteger(index) && index >= 0 && index <= records ? index : undefined;
}
