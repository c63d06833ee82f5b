/**
 * Launch programs as static executables: the interpreter's code read-only, the program writable, no stack asked for.
 *
 * The same file serves as data: `launchInterpreter` is an executable that maps such a file and runs the program in it.
 * Spec: System V ABI, elf(5)
 */
import { createAssembler } from "./assembler.ts";
import {
  HEADER_SIZE,
  layOut,
  MACHINES,
  MAGIC,
  MAX_DATA,
  MAX_RECORDS,
  PROGRAM_BASE,
  PROGRAM_OFFSET,
  RECORD_SIZE,
  VERSION,
} from "./layout.ts";
import type { Program } from "./program.ts";
import { stubCode } from "./stub.ts";
import { encodeSteps } from "./steps.ts";
import type { LaunchArch } from "./syscalls.ts";

const TEXT_BASE = 0x400000;
/** Of the interpreter's own few records; away from those of the program it maps. */
const OWN_BASE = 0x500000 + PROGRAM_OFFSET;
const EHDR_SIZE = 64;
const PHDR_SIZE = 56;
const [PT_LOAD, PT_GNU_STACK] = [1, 0x6474e551];
const [PF_X, PF_W, PF_R] = [1, 2, 4];
/** The largest page size of any kernel, which file and memory must agree on. */
const ALIGNMENT = 0x10000;

/** The descriptor `launchInterpreter` finds its program at. */
const PROGRAM_FD = 3;
/** The exit status of `launchInterpreter` when there is no program it can run. */
export const NO_PROGRAM = 126;

/** An executable file that runs `program`. @throws AtomicError invalid when the program is too large */
export function launchExecutable(program: Program, arch: LaunchArch): Buffer {
  return Buffer.concat([executable(layOut(program, arch), arch, PROGRAM_BASE), encodeSteps(program)]);
}

/** An executable that runs the program of the launch executable open at descriptor 3; the same for every program. */
export function launchInterpreter(arch: LaunchArch): Buffer {
  const asm = createAssembler();
  const [PROT_READ, PROT_WRITE, MAP_PRIVATE, MAP_FIXED_NOREPLACE] = [1, 2, 2, 0x100000];
  const mapped = asm.slot();
  const refuse = asm.label("refuse");
  const magic = asm.label("magic");
  const version = asm.label("version");
  const start = asm.label("start");
  asm.step("mapping the program");
  const base = PROGRAM_BASE - PROGRAM_OFFSET;
  const length = PROGRAM_OFFSET + HEADER_SIZE + MAX_RECORDS * RECORD_SIZE + MAX_DATA;
  const flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
  asm.call("mmap", [base, length, PROT_READ | PROT_WRITE, flags, PROGRAM_FD, 0], { store: mapped, onError: "ignore" });
  asm.compute(mapped, { subtract: base, onZero: magic });
  asm.jump(refuse);
  asm.place(magic);
  asm.step("checking the program's header");
  asm.compute({ kind: "memory", address: PROGRAM_BASE + 16 }, { subtract: MAGIC.readBigUInt64LE(), onZero: version });
  asm.jump(refuse);
  asm.place(version);
  const expected = (BigInt(MACHINES[arch]) << 32n) | BigInt(VERSION);
  asm.compute({ kind: "memory", address: PROGRAM_BASE + 24 }, { subtract: expected, onZero: start });
  asm.place(refuse);
  asm.step("refusing");
  asm.call("exit_group", [NO_PROGRAM], { onError: "ignore" });
  asm.place(start);
  asm.step("starting the program");
  asm.call("close", [PROGRAM_FD], { onError: "ignore" });
  asm.jump({ kind: "absolute", address: PROGRAM_BASE + HEADER_SIZE });
  return executable(layOut(asm.finish(), arch, OWN_BASE), arch, OWN_BASE);
}

function executable(image: Uint8Array, arch: LaunchArch, base: number): Buffer {
  const codeStart = EHDR_SIZE + 3 * PHDR_SIZE;
  const code = stubCode(arch, base + HEADER_SIZE);
  const file = Buffer.alloc(PROGRAM_OFFSET + image.length);
  if (codeStart + code.length > PROGRAM_OFFSET) throw new Error("the interpreter does not fit");
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(MACHINES[arch], 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(TEXT_BASE + codeStart), 24);
  file.writeBigUInt64LE(BigInt(EHDR_SIZE), 32);
  for (const [index, value] of [EHDR_SIZE, PHDR_SIZE, 3].entries()) file.writeUInt16LE(value, 52 + index * 2);
  const segments = [
    { type: PT_LOAD, flags: PF_R | PF_X, offset: 0, address: TEXT_BASE, size: codeStart + code.length },
    { type: PT_LOAD, flags: PF_R | PF_W, offset: PROGRAM_OFFSET, address: base, size: image.length },
    { type: PT_GNU_STACK, flags: PF_R | PF_W, offset: 0, address: 0, size: 0 },
  ];
  for (const [index, { type, flags, offset, address, size }] of segments.entries()) {
    const at = EHDR_SIZE + index * PHDR_SIZE;
    file.writeUInt32LE(type, at);
    file.writeUInt32LE(flags, at + 4);
    for (const [word, value] of [offset, address, address, size, size, ALIGNMENT].entries())
      file.writeBigUInt64LE(BigInt(value), at + 8 + word * 8);
  }
  code.copy(file, codeStart);
  file.set(image, PROGRAM_OFFSET);
  return file;
}
