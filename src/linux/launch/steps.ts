/** The names of a program's steps, kept behind it in its file: which record belongs to which, and what it does. */
import { AtomicError } from "../../errors.ts";
import type { Program } from "./program.ts";

/** The table: a little-endian u16 per record, then the names, each ended by a NUL. */
export function encodeSteps({ instructions, steps }: Program): Buffer {
  const indexes = Buffer.alloc(instructions.length * 2);
  for (const [index, { step }] of instructions.entries()) indexes.writeUInt16LE(step, index * 2);
  return Buffer.concat([indexes, ...steps.map((name) => Buffer.from(`${name.replaceAll("\0", " ")}\0`, "utf8"))]);
}

/** The name of each record's step. @throws AtomicError invalid */
export function decodeSteps(table: Buffer, records: number): string[] {
  const names = table.toString("utf8", records * 2).split("\0");
  return Array.from({ length: records }, (_, record) => {
    const index = record * 2 + 2 <= table.length ? table.readUInt16LE(record * 2) : names.length;
    const name = index < names.length - 1 ? names[index] : undefined;
    if (name === undefined) throw new AtomicError("invalid", `reading a launch program: record ${record} has no step`);
    return name;
  });
}
