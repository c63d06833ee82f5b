/** A launch program before it has addresses: instructions, where they lead, and the data they use. */
import type { OperationName, SyscallName } from "./syscalls.ts";

/** The address of a byte of the program's data. */
export interface Address {
  kind: "address";
  at: number;
}

/** Eight bytes of the program's data whose content at run time is meant, as the descriptor an earlier call returned. */
export interface Slot {
  kind: "slot";
  at: number;
}

/** The address of the 16 bytes in which the interpreter keeps the last failure: record address, negative errno. */
export interface FailureCell {
  kind: "failure";
}

/** Eight bytes at a fixed address, whose content at run time is meant. */
export interface Memory {
  kind: "memory";
  address: number;
}

/** An argument. Numbers may be negative or use all 64 bits. */
export type Value = number | bigint | Address | Slot | Memory | FailureCell;

/** A place in the program to continue at. */
export interface Label {
  kind: "label";
  name: string;
}

/** The record at an address outside the program. */
export interface AbsoluteLabel {
  kind: "absolute";
  address: number;
}

export type Target = Label | AbsoluteLabel;

/** One record: what is done, where its result goes, and where the program continues. */
export interface Instruction {
  operation: SyscallName | OperationName;
  args: readonly Value[];
  /** Receives the result, a failed call's negative errno too. */
  store?: Slot;
  /** Continued at when the result is negative, zero; the next instruction where left out. */
  onError?: Target;
  onZero?: Target;
  /** Index of the step it belongs to. */
  step: number;
}

export interface Program {
  instructions: readonly Instruction[];
  /** What each group of instructions does, for messages: `mounting /proc`. */
  steps: readonly string[];
  /** Index of the instruction each label stands before. */
  labels: ReadonlyMap<Label, number>;
  data: Uint8Array;
  /** Words of the data that hold an address: where, and of which byte. */
  pointers: readonly { at: number; to: number }[];
}
