/** Filters that were made before: making one takes longer than starting a container. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileSeccomp, type Machine } from "../seccomp/compile.ts";
import type { Seccomp } from "../spec/seccomp.ts";

/** Changes with the compiler: a filter of another version is not found. */
const COMPILER = 1;

/** The filter of `profile`. @param run the state directory, which only root can write @throws AtomicError invalid */
export function cachedFilter(run: string, profile: Seccomp, machine: Machine): { filter: Buffer; flags: number } {
  const key = createHash("sha256")
    .update(`${COMPILER} ${machine} ${JSON.stringify(profile, bigNumbers)}`)
    .digest("hex");
  const path = join(run, "seccomp", key);
  try {
    const kept = readFileSync(path);
    return { flags: kept.readUInt32LE(0), filter: kept.subarray(4) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const { program, flags } = compileSeccomp(profile, machine);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(flags);
  mkdirSync(join(run, "seccomp"), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.${process.pid}`, Buffer.concat([head, program]), { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return { filter: program, flags };
}

function bigNumbers(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}n` : value;
}
