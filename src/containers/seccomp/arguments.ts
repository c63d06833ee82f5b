/** Tests of a system call's arguments. */
import type { SeccompArg } from "../spec/seccomp.ts";
import { BPF, type BpfWriter, type Place } from "./bpf.ts";

/** `offsetof(struct seccomp_data, args)`. */
const ARGS_OFFSET = 16;
const LOW = 0xffff_ffffn;

/**
 * Returns `result` when every test holds, else goes on with what is written already.
 * @param wide arguments have 64 bits; else their low half is compared
 */
export function writeTests(writer: BpfWriter, tests: readonly SeccompArg[], wide: boolean, result: number): void {
  const fail = writer.here();
  writer.write(BPF.return, result);
  for (const test of tests) writeTest(writer, test, wide, fail);
}

/** Goes on with what was written last when the test holds, else to `fail`. */
function writeTest(writer: BpfWriter, { index, op, value, valueTwo }: SeccompArg, wide: boolean, fail: Place): void {
  const low = ARGS_OFFSET + 8 * index;
  const first = split(value);
  if (op === "SCMP_CMP_MASKED_EQ") {
    const second = split(valueTwo ?? 0);
    writeMasked(writer, low, first.low, second.low, fail);
    if (wide) writeMasked(writer, low + 4, first.high, second.high, fail);
    return;
  }
  const hold = writer.here();
  const { code, holdsWhenTrue, above, below } = COMPARISONS[op];
  writer.test(code, first.low, holdsWhenTrue ? hold : fail, holdsWhenTrue ? fail : hold);
  writer.write(BPF.loadWord, low);
  if (!wide) return;
  const compareLow = writer.here();
  writer.test(BPF.jumpEqual, first.high, compareLow, below ? hold : fail);
  if (above !== below) writer.test(BPF.jumpGreater, first.high, above ? hold : fail, writer.here());
  writer.write(BPF.loadWord, low + 4);
}

function writeMasked(writer: BpfWriter, offset: number, mask: number, datum: number, fail: Place): void {
  if (mask === 0) return;
  // The kernel's numbers are unsigned, JavaScript's bitwise ones are not.
  writer.test(BPF.jumpEqual, (datum & mask) >>> 0, writer.here(), fail);
  if (mask !== 0xffff_ffff) writer.write(BPF.and, mask);
  writer.write(BPF.loadWord, offset);
}

interface Comparison {
  /** The test of the lower halves, and whether the comparison holds when it is true or when it is false. */
  code: number;
  holdsWhenTrue: boolean;
  /** Whether the comparison holds for an upper half above or below the value's. */
  above: boolean;
  below: boolean;
}
const { jumpEqual, jumpGreater, jumpGreaterOrEqual } = BPF;
const COMPARISONS: Readonly<Record<Exclude<SeccompArg["op"], "SCMP_CMP_MASKED_EQ">, Comparison>> = {
  SCMP_CMP_EQ: { code: jumpEqual, holdsWhenTrue: true, above: false, below: false },
  SCMP_CMP_NE: { code: jumpEqual, holdsWhenTrue: false, above: true, below: true },
  SCMP_CMP_GT: { code: jumpGreater, holdsWhenTrue: true, above: true, below: false },
  SCMP_CMP_GE: { code: jumpGreaterOrEqual, holdsWhenTrue: true, above: true, below: false },
  SCMP_CMP_LT: { code: jumpGreaterOrEqual, holdsWhenTrue: false, above: false, below: true },
  SCMP_CMP_LE: { code: jumpGreater, holdsWhenTrue: false, above: false, below: true },
};

function split(value: number | bigint): { high: number; low: number } {
  if (typeof value === "number" && value <= 0xffff_ffff) return { high: 0, low: value };
  const bits = BigInt(value);
  return { high: Number((bits >> 32n) & LOW), low: Number(bits & LOW) };
}
