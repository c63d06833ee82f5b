/** From a seccomp profile to the filter the kernel runs. */
import { AtomicError } from "../../errors.ts";
import type { Seccomp, SeccompFlag } from "../spec/seccomp.ts";
import { RETURN_ENOSYS, RETURN_KILL_PROCESS, returnValue } from "./action.ts";
import { writeTests } from "./arguments.ts";
import { BPF, BpfWriter } from "./bpf.ts";
import { decide, type Decision } from "./decide.ts";
import { FILTER_ARCHS, type FilterArch, isFilterArch, syscallTable, X32_BIT } from "./syscalls/table.ts";

/** A filter for seccomp(2). */
export interface SeccompFilter {
  /** An array of `struct sock_filter`. */
  program: Buffer;
  /** `SECCOMP_FILTER_FLAG_*`. */
  flags: number;
  /** Names that a profile which permits by default wants refused, and no architecture has: they are permitted. */
  unknownNames: string[];
  /** Architectures of the profile without a table; their calls end the process. */
  unknownArchitectures: string[];
}

/** The architecture the filter is for, as Node names it. */
export type Machine = "x64" | "arm64";

/** `AUDIT_ARCH_*` of linux/audit.h. x32 shares that of x86-64. */
const AUDIT_ARCH = { SCMP_ARCH_X86_64: 0xc000_003e, SCMP_ARCH_X86: 0x4000_0003, SCMP_ARCH_AARCH64: 0xc000_00b7 };
const NATIVE: Readonly<Record<Machine, FilterArch>> = { x64: "SCMP_ARCH_X86_64", arm64: "SCMP_ARCH_AARCH64" };
const FLAGS: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1 << 0,
  SECCOMP_FILTER_FLAG_LOG: 1 << 1,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 1 << 2,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 1 << 5,
};
const FLAG_NEW_LISTENER = 1 << 3;
/** `offsetof(struct seccomp_data, nr)` and `arch`. */
const NUMBER_OFFSET = 0;
const ARCH_OFFSET = 4;
const NO_CALL = 0xffff_ffff;
/** `BPF_MAXINSNS`. */
const MAX_INSTRUCTIONS = 4096;

/**
 * Compiles `profile`. The filter finds a call's decision by a binary search over ranges of numbers.
 *
 * A call of an architecture that the profile does not name ends the process. A call with a number above all that the
 * profile names for its architecture answers ENOSYS, so that programs fall back, unless the profile permits by default.
 * @throws AtomicError invalid when it has more than 4096 instructions or a wrong errno
 */
export function compileSeccomp(profile: Seccomp, machine: Machine): SeccompFilter {
  const wanted = new Set([NATIVE[machine], ...(profile.architectures ?? [])]);
  const writer = new BpfWriter();
  const answer = (result: number) => () => writer.write(BPF.return, result);
  const kill = answer(RETURN_KILL_PROCESS);
  const calls = (arch: FilterArch) => (wanted.has(arch) ? () => writeSearch(writer, profile, arch) : kill);
  const ofArch = (arch: keyof typeof AUDIT_ARCH, body: () => void, otherwise: () => void) => () => {
    const withNumber = () => {
      body();
      writer.write(BPF.loadWord, NUMBER_OFFSET);
    };
    writer.branch(BPF.jumpEqual, AUDIT_ARCH[arch], withNumber, otherwise);
  };

  if (machine === "arm64") {
    ofArch("SCMP_ARCH_AARCH64", calls("SCMP_ARCH_AARCH64"), kill)();
  } else {
    // -1, what a tracer puts in place of a call it takes away, is no call of x32.
    const x32 = () => writer.branch(BPF.jumpEqual, NO_CALL, answer(RETURN_ENOSYS), calls("SCMP_ARCH_X32"));
    const both = () => writer.branch(BPF.jumpGreaterOrEqual, X32_BIT, x32, calls("SCMP_ARCH_X86_64"));
    ofArch("SCMP_ARCH_X86_64", both, ofArch("SCMP_ARCH_X86", calls("SCMP_ARCH_X86"), kill))();
  }
  writer.write(BPF.loadWord, ARCH_OFFSET);

  if (writer.length > MAX_INSTRUCTIONS) {
    throw new AtomicError(
      "invalid",
      `making a seccomp filter: expected at most ${MAX_INSTRUCTIONS} instructions, found ${writer.length}`,
    );
  }
  return {
    program: writer.encode(),
    flags: flagBits(profile),
    unknownNames: permits(profile) ? unknownNames(profile) : [],
    unknownArchitectures: [...wanted].filter((arch) => !isFilterArch(arch)),
  };
}

/** Numbers from `first` up to the next range's, which all get the same decision. */
interface Range extends Decision {
  first: number;
}

/** Answers the system call whose number is loaded. */
function writeSearch(writer: BpfWriter, profile: Seccomp, arch: FilterArch): void {
  const ranges = rangesOf(profile, arch);
  const wide = arch !== "SCMP_ARCH_X86";
  const search = (from: number, to: number): void => {
    const middle = (from + to) >> 1;
    if (middle === from) return writeDecision(writer, ranges[from]!, wide);
    writer.branch(
      BPF.jumpGreaterOrEqual,
      ranges[middle]!.first,
      () => search(middle, to),
      () => search(from, middle),
    );
  };
  search(0, ranges.length);
}

function rangesOf(profile: Seccomp, arch: FilterArch): Range[] {
  const table = syscallTable(arch);
  const decisions = decide(profile, arch, table);
  const fallback = { tests: [], otherwise: returnValue(profile.defaultAction, profile.defaultErrnoRet) };
  const base = arch === "SCMP_ARCH_X32" ? X32_BIT : 0;
  const ranges: Range[] = [];
  const append = (first: number, decision: Decision) => {
    const last = ranges.at(-1);
    const same = last?.otherwise === decision.otherwise && last.tests.length + decision.tests.length === 0;
    if (!same) ranges.push({ first, ...decision });
  };
  let next = base;
  for (const number of [...decisions.keys()].sort((a, b) => a - b)) {
    if (number > next) append(next, fallback);
    append(number, decisions.get(number)!);
    next = number + 1;
  }
  const end = Math.max(next, highestNamed(profile, table) + 1);
  if (end > next) append(next, fallback);
  append(end, permits(profile) ? fallback : { tests: [], otherwise: RETURN_ENOSYS });
  return ranges;
}

function writeDecision(writer: BpfWriter, { tests, otherwise }: Decision, wide: boolean): void {
  writer.write(BPF.return, otherwise);
  for (const { args, result } of tests.toReversed()) writeTests(writer, args, wide, result);
}

/** Rules that repeat the default count too: the profile's author knew the call. */
function highestNamed(profile: Seccomp, table: ReadonlyMap<string, number>): number {
  let highest = -1;
  for (const { names } of profile.syscalls ?? []) {
    for (const name of names) highest = Math.max(highest, table.get(name) ?? -1);
  }
  return highest;
}

function unknownNames({ syscalls = [] }: Seccomp): string[] {
  const known = FILTER_ARCHS.map(syscallTable);
  const names = new Set(syscalls.flatMap((rule) => rule.names));
  return [...names].filter((name) => !known.some((table) => table.has(name)));
}

function permits({ defaultAction, syscalls = [] }: Seccomp): boolean {
  return syscalls.length === 0 || ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"].includes(defaultAction);
}

function flagBits({ flags = [], listenerPath, defaultAction, syscalls = [] }: Seccomp): number {
  const notifies = [defaultAction, ...syscalls.map(({ action }) => action)].includes("SCMP_ACT_NOTIFY");
  if (notifies && (listenerPath ?? "") === "") {
    throw new AtomicError("invalid", "making a seccomp filter: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath");
  }
  return flags.reduce((bits, flag) => bits | FLAGS[flag], notifies ? FLAG_NEW_LISTENER : 0);
}
