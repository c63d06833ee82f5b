/** `atomic/config.json`: the operator's settings for a sysroot. All are optional. */
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import type { Sysroot } from "./sysroot.ts";

export interface Config {
  /** Deployments of a stateroot to keep at least, newest first; booted, pending, rollback and pinned ones always stay. */
  retain: number;
  /** How often the loader tries a new deployment before it falls back; 0 does not count. */
  bootTries: number;
}

const DEFAULTS: Config = { retain: 1, bootTries: 3 };
const LIMITS: Readonly<Record<keyof Config, readonly [number, number]>> = { retain: [1, 100], bootTries: [0, 99] };
const MAX_SIZE = 64 * 1024;

/** The settings of a sysroot. @throws AtomicError invalid */
export function readConfig(sysroot: Sysroot): Config {
  const path = join(sysroot.path, "atomic/config.json");
  try {
    return parseConfig(readFile(path, MAX_SIZE).toString("utf8"), path);
  } catch (error) {
    if (isAtomicError(error, "not-found")) return DEFAULTS;
    throw error;
  }
}

/** Reads `text`, the settings at `path`. @throws AtomicError invalid on an unknown key or a value out of range */
export function parseConfig(text: string, path: string): Config {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AtomicError("invalid", `reading ${path}: not JSON`, { cause });
  }
  if (typeof value !== "object" || value === null) throw new AtomicError("invalid", `reading ${path}: not an object`);
  for (const [key, setting] of Object.entries(value)) {
    const limits = Object.hasOwn(LIMITS, key) ? LIMITS[key as keyof Config] : undefined;
    if (limits === undefined) {
      throw new AtomicError("invalid", `reading ${path}: unknown setting ${JSON.stringify(key)}`);
    }
    const [min, max] = limits;
    if (!Number.isInteger(setting) || (setting as number) < min || (setting as number) > max) {
      throw new AtomicError(
        "invalid",
        `reading ${path}: ${key}: expected ${min} to ${max}, found ${JSON.stringify(setting)}`,
      );
    }
  }
  return { ...DEFAULTS, ...(value as Partial<Config>) };
}
