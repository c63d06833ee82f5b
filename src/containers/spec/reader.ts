/**
 * Readers: functions that check one value of a configuration and name its JSON path when it is wrong.
 *
 * A configuration comes from an image, an engine or a person and is hostile. Keys nobody knows are left out, as the
 * specification asks; values nobody knows are refused.
 */
import { type ErrorCode, AtomicError } from "../../errors.ts";

/** Checks `value`, found at the JSON path `at`. @throws AtomicError invalid, unsupported */
export type Read<T> = (value: unknown, at: string) => T;

type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];
type OptionalKeys<T> = Exclude<keyof T, RequiredKeys<T>>;
/** A reader for each key of `T` that must be there. */
export type Required<T> = { [K in RequiredKeys<T>]-?: Read<T[K]> };
/** A reader for each key of `T` that may be missing. */
export type Optional<T> = { [K in OptionalKeys<T>]-?: Read<Exclude<T[K], undefined>> };

/** Longest list or map of a configuration. */
const MAX_ITEMS = 65_536;
/** Longest string, in characters: more than the kernel takes for one argument. */
const MAX_TEXT = 131_072;
const MAX_SHOWN = 60;

/** The error for what was found at `at`. */
export function refused(at: string, problem: string, code: ErrorCode = "invalid"): AtomicError {
  return new AtomicError(code, `reading the container configuration: ${at === "" ? "" : `${at}: `}${problem}`);
}

/** An object with these keys; `null` counts as missing, as Go programs write it. */
export function object<T extends object>(required: Required<T>, optional: Optional<T>): Read<T> {
  const needed = Object.entries(required) as [string, Read<unknown>][];
  const allowed = Object.entries(optional) as [string, Read<unknown>][];
  return (value, at) => {
    const found = plainObject(value, at);
    const result: Record<string, unknown> = {};
    for (const [key, read] of needed) {
      const field = own(found, key);
      if (field === undefined) throw refused(below(at, key), "missing");
      result[key] = read(field, below(at, key));
    }
    for (const [key, read] of allowed) {
      const field = own(found, key);
      if (field !== undefined) result[key] = read(field, below(at, key));
    }
    return result as T;
  };
}

/** A list whose items `item` reads. */
export function list<T>(item: Read<T>): Read<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw refused(at, `expected a list, found ${shown(value)}`);
    if (value.length > MAX_ITEMS) throw refused(at, `expected at most ${MAX_ITEMS} items, found ${value.length}`);
    return value.map((one, index) => item(one, `${at}[${index}]`));
  };
}

/** An object with any keys, each value read by `item`. */
export function map<T>(item: Read<T>): Read<Record<string, T>> {
  return (value, at) => {
    const entries = Object.entries(plainObject(value, at));
    if (entries.length > MAX_ITEMS) throw refused(at, `expected at most ${MAX_ITEMS} keys, found ${entries.length}`);
    return Object.fromEntries(
      entries.map(([key, one]) => {
        text(key, at);
        return [key, item(one, below(at, key))];
      }),
    );
  };
}

/** Text without NUL, which ends a string in the kernel. */
export const text: Read<string> = (value, at) => {
  if (typeof value !== "string") throw refused(at, `expected text, found ${shown(value)}`);
  if (value.length > MAX_TEXT) throw refused(at, `expected at most ${MAX_TEXT} characters, found ${value.length}`);
  if (value.includes("\0")) throw refused(at, "expected text without NUL");
  return value;
};

/** Text that is not empty. */
export const name: Read<string> = (value, at) => {
  if (text(value, at) === "") throw refused(at, "expected text, found an empty one");
  return value as string;
};

/** A path from `/`. */
export const absolutePath: Read<string> = (value, at) => {
  if (!text(value, at).startsWith("/")) throw refused(at, `expected an absolute path, found ${shown(value)}`);
  return value as string;
};

/** Text of this form. */
export function matching(pattern: RegExp, expected: string): Read<string> {
  return (value, at) => {
    if (!pattern.test(text(value, at))) throw refused(at, `expected ${expected}, found ${shown(value)}`);
    return value as string;
  };
}

export const flag: Read<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw refused(at, `expected true or false, found ${shown(value)}`);
  return value;
};

/** A whole number from `min` to `max`. */
export function integer(min: number, max: number): Read<number> {
  return (given, at) => {
    const value = typeof given === "bigint" ? Number(given) : given;
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
      throw refused(at, `expected a whole number from ${min} to ${max}, found ${shown(value)}`);
    }
    return value as number;
  };
}

export const uint16 = integer(0, 0xffff);
export const uint32 = integer(0, 0xffff_ffff);
/** An ID of a user or group; the highest number means "none" to the kernel. */
export const id = integer(0, 0xffff_fffe);
/** Any signed 64-bit number; beyond 2^53 it is rounded, which limits and sizes bear. */
export const int64 = integer(-(2 ** 63), 2 ** 63);
/** Any unsigned 64-bit number; beyond 2^53 it is rounded, which limits and sizes bear. */
export const uint64 = integer(0, 2 ** 64);

/** One of these words. */
export function choice<const T extends string>(choices: readonly T[]): Read<T> {
  return (value, at) => {
    if (!choices.includes(value as T)) {
      throw refused(at, `expected one of ${choices.join(", ")}, found ${shown(value)}`);
    }
    return value as T;
  };
}

/** What this program cannot do, and must not seem to do by leaving it out. */
export const unsupported: Read<never> = (_value, at) => {
  throw refused(at, "not supported", "unsupported");
};

function plainObject(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refused(at, `expected an object, found ${shown(value)}`);
  }
  return value as Record<string, unknown>;
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? (value[key] ?? undefined) : undefined;
}

function below(at: string, key: string): string {
  const shownKey = /^[A-Za-z0-9_.-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, MAX_SHOWN));
  return at === "" ? shownKey : `${at}.${shownKey}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return String(value);
  const json = JSON.stringify(value);
  return json.length > MAX_SHOWN ? `${json.slice(0, MAX_SHOWN)}…` : json;
}
