/** Filters that were made before: making one takes longer than starting a container. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../bun.ts";
import { compileSeccomp, type Machine } from "../seccomp/compile.ts";
import type { Seccomp } from "../spec/seccomp.ts";

/** Changes with the compiler: a filter of another version is not found. */
const COMPILER = 1;

export interface Filter {
  /** `struct sock_filter` after `struct sock_filter`. */
  filter: Buffer;
  /** `SECCOMP_FILTER_FLAG_*`. */
  flags: number;
  warnings: string[];
}

/** The filter of `profile`. @param directory where filters are kept, which only root can write @throws AtomicError invalid */
export function seccompFilter(profile: Seccomp, machine: Machine, directory?: string): Filter {
  if (directory === undefined) return compile(profile, machine);
  const key = sha256(Buffer.from(`${COMPILER} ${machine} ${JSON.stringify(profile, bigNumbers)}`));
  const path = join(directory, key);
  try {
    const kept = readFileSync(path);
    return { flags: kept.readUInt32LE(0), filter: kept.subarray(4), warnings: [] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = compile(profile, machine);
  if (made.warnings.length > 0) return made; // said each time
  const head = Buffer.alloc(4);
  head.writeUInt32LE(made.flags);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.${process.pid}`, Buffer.concat([head, made.filter]), { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return made;
}

function compile(profile: Seccomp, machine: Machine): Filter {
  const { program, flags, unknownArchitectures } = compileSeccomp(profile, machine);
  const warnings = unknownArchitectures.map((name) => `the seccomp profile names the unknown architecture ${name}`);
  return { filter: program, flags, warnings };
}

function bigNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
