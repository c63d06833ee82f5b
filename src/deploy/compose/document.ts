/** The YAML below a compose file: reading it within bounds, and checking maps key by key. */
import { AtomicError } from "../../errors.ts";
import { parseYamlMap } from "../../yaml-map.ts";

/** A compose file's document before it is checked: plain maps, lists and scalars. */
export type ComposeDocument = Record<string, unknown>;

export const MAX_LIST = 2_000;

/** One line of text without control characters. */
export const LINE = /^[^\u0000-\u001f\u007f]+$/;

/** Reads YAML into a document. @throws AtomicError invalid when it is not one YAML map of at most 1 MiB */
export function parseComposeDocument(text: string): ComposeDocument {
  return parseYamlMap(text, "reading the compose file");
}

/** Splits a `KEY=VALUE` setting: true and false are booleans, anything else is text. @throws AtomicError usage */
export function parseSetting(text: string): { path: string[]; value: string | boolean } {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).split(".");
  if (path.includes("")) {
    throw new AtomicError(
      "usage",
      `reading the setting ${JSON.stringify(text)}: expected KEY=VALUE, as in debian.updates=true`,
    );
  }
  const value = text.slice(at + 1);
  return { path, value: value === "true" || value === "false" ? value === "true" : value };
}

/** A map being checked: what was not asked for by the end is an unknown key. */
export class Keys {
  readonly #map: Record<string, unknown>;
  readonly #name: string;
  readonly #known = new Set<string>();

  constructor(map: Record<string, unknown>, name: string) {
    this.#map = map;
    this.#name = name;
  }

  take(key: string): unknown {
    this.#known.add(key);
    const value = Object.hasOwn(this.#map, key) ? this.#map[key] : undefined;
    return value === null ? undefined : value;
  }

  optional(key: string, pattern: RegExp): string | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (typeof value !== "string" || !pattern.test(value)) throw bad(`${this.#at(key)}: found ${show(value)}`);
    return value;
  }

  required(key: string, pattern: RegExp): string {
    const value = this.optional(key, pattern);
    if (value === undefined) throw bad(`${this.#at(key)}: missing`);
    return value;
  }

  choice(key: string, choices: readonly string[]): string {
    const value = this.take(key);
    if (!choices.includes(value as string))
      throw bad(`${this.#at(key)}: expected ${choices.join(" or ")}, found ${show(value)}`);
    return value as string;
  }

  flag(key: string): boolean {
    const value = this.take(key) ?? false;
    if (typeof value !== "boolean") throw bad(`${this.#at(key)}: expected true or false, found ${show(value)}`);
    return value;
  }

  strings(key: string, pattern: RegExp): string[] {
    const value = this.take(key) ?? [];
    if (!Array.isArray(value) || value.length > MAX_LIST)
      throw bad(`${this.#at(key)}: expected a list of at most ${MAX_LIST}`);
    for (const item of value) {
      if (typeof item !== "string" || !pattern.test(item)) throw bad(`${this.#at(key)}: found ${show(item)}`);
    }
    return [...new Set<string>(value)];
  }

  map(key: string): Keys | undefined {
    const value = this.take(key);
    if (value === undefined) return undefined;
    if (!isPlainMap(value)) throw bad(`${this.#at(key)}: expected a map, found ${show(value)}`);
    return new Keys(value, this.#at(key));
  }

  /** YAML reads a bare 0644 as decimal, so a mode is written as text. */
  mode(fallback: number): number {
    const value = this.take("mode");
    if (value === undefined) return fallback;
    if (typeof value !== "string" || !/^0?[0-7]{3,4}$/.test(value)) {
      throw bad(`${this.#at("mode")}: expected octal digits in quotes, as in "0644", found ${show(value)}`);
    }
    return Number.parseInt(value, 8);
  }

  /** A whole number from 0 to `max`; 0 when left out. */
  number(key: string, max: number): number {
    const value = this.take(key) ?? 0;
    if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
      throw bad(`${this.#at(key)}: expected a number from 0 to ${max}, found ${show(value)}`);
    }
    return value as number;
  }

  end(): void {
    const unknown = Object.keys(this.#map).find((key) => !this.#known.has(key));
    if (unknown !== undefined) throw bad(`${this.#at(unknown)}: unknown key, expected ${[...this.#known].join(", ")}`);
  }

  #at(key: string): string {
    return this.#name === "" ? key : `${this.#name}.${key}`;
  }
}

/** True for what a YAML map becomes. */
export function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}

/** The error for what a compose file may not say. */
export function bad(message: string, cause?: unknown): AtomicError {
  return new AtomicError("invalid", `reading the compose file: ${message}`, { cause });
}
