/** `linux.seccomp`: which system calls a container may make. */
import { choice, integer, list, name, object, type Read, refused, text, uint32 } from "./reader.ts";

/** https://github.com/opencontainers/runtime-spec/blob/v1.2.1/config-linux.md#seccomp */
export interface Seccomp {
  defaultAction: SeccompAction;
  defaultErrnoRet?: number;
  /** None: that of this machine alone. */
  architectures?: SeccompArch[];
  flags?: SeccompFlag[];
  listenerPath?: string;
  listenerMetadata?: string;
  syscalls?: SeccompRule[];
}
export interface SeccompRule {
  /** At least one. */
  names: string[];
  action: SeccompAction;
  errnoRet?: number;
  args?: SeccompArg[];
}
/** A test of one argument; numbers beyond 2^53 are bigints. */
export interface SeccompArg {
  /** 0 to 5. */
  index: number;
  value: number | bigint;
  /** The value to compare with under the mask `value`, for `SCMP_CMP_MASKED_EQ`. */
  valueTwo?: number | bigint;
  op: SeccompOperator;
}

export const SECCOMP_ACTIONS = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
] as const;
export const SECCOMP_OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;
/** Those of the specification; the filter knows some of them. */
const SECCOMP_ARCHS = [
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X86_64",
  "SCMP_ARCH_X32",
  "SCMP_ARCH_ARM",
  "SCMP_ARCH_AARCH64",
  "SCMP_ARCH_MIPS",
  "SCMP_ARCH_MIPS64",
  "SCMP_ARCH_MIPS64N32",
  "SCMP_ARCH_MIPSEL",
  "SCMP_ARCH_MIPSEL64",
  "SCMP_ARCH_MIPSEL64N32",
  "SCMP_ARCH_PPC",
  "SCMP_ARCH_PPC64",
  "SCMP_ARCH_PPC64LE",
  "SCMP_ARCH_S390",
  "SCMP_ARCH_S390X",
  "SCMP_ARCH_PARISC",
  "SCMP_ARCH_PARISC64",
  "SCMP_ARCH_RISCV64",
  "SCMP_ARCH_LOONGARCH64",
  "SCMP_ARCH_M68K",
  "SCMP_ARCH_SH",
  "SCMP_ARCH_SHEB",
] as const;
const SECCOMP_FLAGS = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
] as const;
export type SeccompAction = (typeof SECCOMP_ACTIONS)[number];
export type SeccompOperator = (typeof SECCOMP_OPERATORS)[number];
export type SeccompArch = (typeof SECCOMP_ARCHS)[number];
export type SeccompFlag = (typeof SECCOMP_FLAGS)[number];

/** The filter compares exactly, so a number that was rounded is refused. */
const exact: Read<number | bigint> = (value, at) => {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return value;
  throw refused(at, "expected a whole number of at most 64 bits");
};

export const seccomp: Read<Seccomp> = object<Seccomp>(
  { defaultAction: choice(SECCOMP_ACTIONS) },
  {
    defaultErrnoRet: uint32,
    architectures: list(choice(SECCOMP_ARCHS)),
    flags: list(choice(SECCOMP_FLAGS)),
    listenerPath: text,
    listenerMetadata: text,
    syscalls: list(
      object<SeccompRule>(
        { names: nonEmpty(list(name)), action: choice(SECCOMP_ACTIONS) },
        {
          errnoRet: uint32,
          args: list(
            object<SeccompArg>(
              { index: integer(0, 5), value: exact, op: choice(SECCOMP_OPERATORS) },
              { valueTwo: exact },
            ),
          ),
        },
      ),
    ),
  },
);

function nonEmpty<T>(read: Read<T[]>): Read<T[]> {
  return (value, at) => {
    const found = read(value, at);
    if (found.length === 0) throw refused(at, "expected at least one");
    return found;
  };
}
