/**
 * Writes launch programs: typed calls in, a `Program` out.
 *
 * A call that fails leads to the label last given to `failTo`, unless the call says where else or `onError: "ignore"`:
 * forgetting a check is not possible by leaving something out.
 */
import type { PathArg } from "../path.ts";
import { cString } from "../path.ts";
import type { Address, Instruction, Label, Program, Slot, Target, Value } from "./program.ts";
import type { OperationName, SyscallName, SYSCALLS } from "./syscalls.ts";

type NamesOf<Row> = Row extends readonly [number, number, ...infer Names]
  ? Names
  : Row extends readonly [number, ...infer Names]
    ? Names
    : never;
type Args<Names> = { -readonly [Index in keyof Names]: Value };
type CallArgs<Name extends SyscallName> = Args<NamesOf<(typeof SYSCALLS)[Name]>>;

export interface CallOptions {
  /** Receives the result. */
  store?: Slot;
  /** Where a failure leads; the current `failTo` label when left out. */
  onError?: Target | "ignore";
  /** Where a result of zero leads; the next instruction when left out. */
  onZero?: Target;
}

export interface ComputeOptions {
  /** All bits when left out. */
  mask?: Value;
  /** 0 when left out. */
  subtract?: Value;
  /** Bits the value is shifted right by, before the mask; 0 when left out. */
  shift?: number;
  store?: Slot;
  /** Where a result below zero, of zero, leads. */
  onNegative?: Target;
  onZero?: Target;
}

export interface Assembler {
  /** Names what the following instructions do, as a present participle: `mounting /proc`. */
  step(name: string): void;
  /** Where failures lead from here on. */
  failTo(label: Label): void;
  /** A new label, to be placed once. */
  label(name: string): Label;
  /** The next instruction is what `label` leads to. */
  place(label: Label): void;
  call<Name extends SyscallName>(name: Name, args: CallArgs<Name>, options?: CallOptions): void;
  compute(value: Value, options?: ComputeOptions): void;
  /** Continues at `label`. */
  jump(label: Target): void;
  /** Writes `value` in decimal digits that end before `end`. */
  decimal(value: Value, end: Address): void;
  /** Eight bytes for a result; they hold `initial` (0) at the start. */
  slot(initial?: bigint): Slot;
  /** Bytes of the program's data, at an address that is a multiple of eight. */
  bytes(content: Uint8Array): Address;
  /** A NUL-terminated string. @throws AtomicError invalid when it holds a NUL */
  text(value: PathArg): Address;
  /** 64-bit words; an address among them becomes a pointer. */
  words(values: readonly (number | bigint | Address)[]): Address;
  /** A NULL-terminated vector of strings, as execve takes. */
  strings(values: readonly PathArg[]): Address;
  /** @throws Error when a label was used but never placed */
  finish(): Program;
}

const ALIGNMENT = 8;

/** An empty program to add to. */
export function createAssembler(): Assembler {
  const instructions: Instruction[] = [];
  const steps: string[] = [];
  const labels = new Map<Label, number>();
  const chunks: Uint8Array[] = [];
  const pointers: { at: number; to: number }[] = [];
  const texts = new Map<string, Address>();
  let size = 0;
  let failLabel: Label | undefined;

  const add = (instruction: Omit<Instruction, "step">): void => {
    if (steps.length === 0) throw new Error(`${instruction.operation} before the first step is named`);
    instructions.push({ ...instruction, step: steps.length - 1 });
  };
  const bytes = (content: Uint8Array): Address => {
    const at = size;
    const padded = new Uint8Array(Math.ceil(content.length / ALIGNMENT) * ALIGNMENT);
    padded.set(content);
    chunks.push(padded);
    size += padded.length;
    return { kind: "address", at };
  };
  const text = (value: PathArg): Address => {
    const content = cString(value);
    const key = Buffer.from(content).toString("latin1");
    let address = texts.get(key);
    if (address === undefined) texts.set(key, (address = bytes(content)));
    return address;
  };
  const words = (values: readonly (number | bigint | Address)[]): Address => {
    const content = Buffer.alloc(values.length * ALIGNMENT);
    for (const [index, value] of values.entries()) {
      if (typeof value === "object") pointers.push({ at: size + index * ALIGNMENT, to: value.at });
      else content.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), index * ALIGNMENT);
    }
    return bytes(content);
  };
  const compute = (operation: OperationName, args: readonly Value[], options: ComputeOptions): void =>
    add({
      operation,
      args,
      ...(options.store === undefined ? {} : { store: options.store }),
      ...(options.onNegative === undefined ? {} : { onError: options.onNegative }),
      ...(options.onZero === undefined ? {} : { onZero: options.onZero }),
    });

  return {
    step: (name) => void steps.push(name),
    failTo: (label) => void (failLabel = label),
    label: (name) => ({ kind: "label", name }),
    place(label) {
      if (labels.has(label)) throw new Error(`label ${label.name} is placed twice`);
      labels.set(label, instructions.length);
    },
    call(name, args, { store, onError = failLabel, onZero } = {}) {
      if (onError === undefined) throw new Error(`${name}: nowhere to fail to`);
      add({
        operation: name,
        args,
        ...(store === undefined ? {} : { store }),
        ...(onError === "ignore" ? {} : { onError }),
        ...(onZero === undefined ? {} : { onZero }),
      });
    },
    compute(value, options = {}) {
      const { mask = -1, subtract = 0, shift = 0 } = options;
      compute("compute", [value, mask, subtract, shift], options);
    },
    jump: (label) => compute("compute", [0, 0, 0, 0], { onZero: label }),
    decimal: (value, end) => compute("decimal", [value, end], {}),
    slot: (initial = 0n) => ({ kind: "slot", at: words([initial]).at }),
    bytes,
    text,
    words,
    strings: (values) => words([...values.map(text), 0]),
    finish() {
      for (const { operation, onError, onZero } of instructions)
        for (const label of [onError, onZero])
          if (label?.kind === "label" && !labels.has(label))
            throw new Error(`${operation}: label ${label.name} has no place`);
      return { instructions, steps, labels, data: Buffer.concat(chunks), pointers };
    },
  };
}

/** The address `offset` bytes into what `start` is the address of. */
export function offsetFrom(start: Address, offset: number): Address {
  return { kind: "address", at: start.at + offset };
}

/** The 8 bytes at `address` as a slot. */
export function slotAt(address: Address): Slot {
  return { kind: "slot", at: address.at };
}

/** The address of a slot, for calls that write through a pointer. */
export function addressOf(slot: Slot): Address {
  return { kind: "address", at: slot.at };
}
