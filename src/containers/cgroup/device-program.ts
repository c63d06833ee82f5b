/**
 * The eBPF program that answers for devices on cgroup v2, made from the list of rules.
 * https://docs.kernel.org/admin-guide/cgroup-v2.html#device-controller
 */
import type { DeviceRule } from "../spec/resources.ts";

/** Registers: what is returned, the context, and the fields loaded from it. */
const [R0, R1, TYPE, ACCESS, MAJOR, MINOR, SCRATCH] = [0, 1, 2, 3, 4, 5, 6] as const;
/** `struct bpf_cgroup_dev_ctx`: type in the low half of the first word, access in the high half, major, minor. */
const CONTEXT = { accessType: 0, major: 4, minor: 8 };
const TYPES = { b: 1, c: 2 } as const;
const ACCESS_BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL_ACCESS = 7;

const LOAD_WORD = 0x61;
const AND32 = 0x54;
const SHIFT_RIGHT32 = 0x74;
const MOVE32 = 0xb4;
const MOVE32_REGISTER = 0xbc;
/** 64-bit comparisons sign-extend their operand; those of the low halves do not. */
const JUMP32_IF_EQUAL = 0x16;
const JUMP32_UNLESS_EQUAL = 0x56;
const EXIT = 0x95;

type Instruction = readonly [code: number, destination: number, operand: number, source?: number, offset?: number];

/**
 * The program for `rules`. The last rule that speaks of an access decides about it; what none allows is denied. An
 * access by several ways (reading and writing) is allowed when each way is, by whichever rules.
 * @returns an array of `struct bpf_insn`
 */
export function deviceProgram(rules: readonly DeviceRule[]): Buffer {
  const code: Instruction[] = [
    [LOAD_WORD, TYPE, 0, R1, CONTEXT.accessType],
    [MOVE32_REGISTER, ACCESS, 0, TYPE],
    [AND32, TYPE, 0xffff],
    [SHIFT_RIGHT32, ACCESS, 16],
    [LOAD_WORD, MAJOR, 0, R1, CONTEXT.major],
    [LOAD_WORD, MINOR, 0, R1, CONTEXT.minor],
  ];
  for (const rule of rules.toReversed()) {
    const { steps, always } = ruleCode(rule);
    code.push(...steps);
    // Nothing behind a rule about every access is ever reached, and the kernel refuses such code.
    if (always) return encode(code);
  }
  code.push([MOVE32, R0, 0], [EXIT, 0, 0]);
  return encode(code);
}

function ruleCode({ allow, type = "a", major = -1, minor = -1, access = "" }: DeviceRule): {
  steps: Instruction[];
  always: boolean;
} {
  const bits =
    access === "" || type === "a" ? ALL_ACCESS : [...access].reduce((sum, one) => sum | ACCESS_BITS[one]!, 0);
  const answer: Instruction[] = [
    [MOVE32, R0, allow ? 1 : 0],
    [EXIT, 0, 0],
  ];
  const decide: Instruction[] =
    bits === ALL_ACCESS
      ? answer
      : allow
        ? // What this rule allows is settled; when nothing is left, so is the answer.
          [[AND32, ACCESS, ALL_ACCESS & ~bits], [JUMP32_UNLESS_EQUAL, ACCESS, 0, 0, answer.length], ...answer]
        : [
            [MOVE32_REGISTER, SCRATCH, 0, ACCESS],
            [AND32, SCRATCH, bits],
            [JUMP32_IF_EQUAL, SCRATCH, 0, 0, answer.length],
            ...answer,
          ];
  const tests: [number, number][] =
    type === "a"
      ? []
      : [
          [TYPE, TYPES[type]],
          ...(major === -1 ? [] : [[MAJOR, major] as [number, number]]),
          ...(minor === -1 ? [] : [[MINOR, minor] as [number, number]]),
        ];
  const skipped = (at: number) => tests.length - at - 1 + decide.length;
  const guards = tests.map(([register, value], at): Instruction => [
    JUMP32_UNLESS_EQUAL,
    register,
    value,
    0,
    skipped(at),
  ]);
  return { steps: [...guards, ...decide], always: tests.length === 0 && bits === ALL_ACCESS };
}

function encode(code: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * code.length);
  for (const [index, [opcode, destination, operand, source = 0, offset = 0]] of code.entries()) {
    const at = 8 * index;
    bytes.writeUInt8(opcode, at);
    bytes.writeUInt8((source << 4) | destination, at + 1);
    bytes.writeInt16LE(offset, at + 2);
    bytes.writeInt32LE(operand | 0, at + 4);
  }
  return bytes;
}
