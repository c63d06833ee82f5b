/** A launch program as text that can be read before it is run. */
import { type LaunchImage, type LaunchRecord, recordIndex } from "./image.ts";
import { PROGRAM_BASE } from "./layout.ts";
import { describeOperation } from "./syscalls.ts";

/** Longer strings are cut. */
const SHOWN_TEXT = 80;

/**
 * One line per step, and indented below it one per record: index, call, where the result goes, where it continues.
 *
 * ```
 * mounting /proc
 *    12  fsopen(type="proc", flags=0x1) → [0x18], error → 90
 * ```
 */
export function disassemble(image: LaunchImage): string {
  let step: string | undefined;
  const lines = image.records.flatMap((record, index) => {
    const heading = image.steps[index] === step ? [] : [image.steps[index]!];
    step = image.steps[index];
    return [...heading, `${String(index).padStart(6)}  ${shownRecord(image, record)}`];
  });
  return lines.map((line) => `${line}\n`).join("");
}

function shownRecord(image: LaunchImage, record: LaunchRecord): string {
  const operation = describeOperation(record.operation, image.arch);
  const names = operation?.args ?? ["a", "b", "c", "d", "e", "f"];
  const args = names.map((name, index) => `${name}=${shownValue(image, record, index)}`);
  const parts = [`${operation?.name ?? `syscall ${record.operation}`}(${args.join(", ")})`];
  if (record.store !== 0n) parts[0] += ` → ${shownSlot(image, record.store)}`;
  if (record.onError !== 0n) parts.push(`error → ${shownTarget(image, record.onError)}`);
  if (record.onZero !== 0n) parts.push(`zero → ${shownTarget(image, record.onZero)}`);
  return parts.join(", ");
}

function shownValue(image: LaunchImage, { args, indirect }: LaunchRecord, index: number): string {
  const value = args[index]!;
  if ((indirect & (1 << index)) !== 0) return shownSlot(image, value);
  if (value === BigInt(PROGRAM_BASE)) return "failure";
  const at = Number(value) - image.dataBase;
  if (at >= 0 && at < image.data.length) return shownText(image.data, at) ?? `&${shownSlot(image, value)}`;
  const signed = BigInt.asIntN(64, value);
  return signed > -4096n && signed < 1024n ? String(signed) : `0x${value.toString(16)}`;
}

/** The string at `at`, if it looks like one. */
function shownText(data: Buffer, at: number): string | undefined {
  const end = data.indexOf(0, at);
  const text = data.toString("latin1", at, Math.min(end < 0 ? data.length : end, at + SHOWN_TEXT));
  return text.length > 0 && /^[ -~]+$/.test(text) ? JSON.stringify(text) : undefined;
}

function shownSlot({ dataBase }: LaunchImage, address: bigint): string {
  return `[0x${(Number(address) - dataBase).toString(16)}]`;
}

function shownTarget({ records }: LaunchImage, address: bigint): string {
  return String(recordIndex(address, records.length) ?? `0x${address.toString(16)}`);
}
