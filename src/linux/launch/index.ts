/** Launch programs: what starts a container, a list of system calls in an executable of its own. */
export { addressOf, createAssembler, offsetFrom, slotAt } from "./assembler.ts";
export type { Assembler, CallOptions, ComputeOptions } from "./assembler.ts";
export * from "./constants.ts";
export { disassemble } from "./disassemble.ts";
export { launchExecutable, launchInterpreter, NO_PROGRAM } from "./elf.ts";
export { emulate } from "./emulate.ts";
export type { EmulatedKernel, EmulatedMemory } from "./emulate.ts";
export { launchFailure, recordSteps, TOOK_TOO_LONG } from "./failure.ts";
export { readLaunchExecutable } from "./image.ts";
export type { LaunchImage, LaunchRecord } from "./image.ts";
export { layOut, PROGRAM_BASE } from "./layout.ts";
export type { Address, Label, Program, Slot, Value } from "./program.ts";
export { stubCode, stubListing } from "./stub.ts";
export type { LaunchArch, SyscallName } from "./syscalls.ts";
