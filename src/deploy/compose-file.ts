/**
 * The compose file: what a host image is made of, as data.
 *
 * `parseComposeFile` checks a whole document. What may be written and why is in docs/images.md.
 */
import { isMap, isScalar, parseDocument } from "yaml";
import { AtomicError } from "../errors.ts";
import { MAX_NOISE, noise } from "./compose-noise.ts";

/** A compose file's document before it is checked: plain maps, lists and scalars. */
export type ComposeDocument = Record<string, unknown>;

/** A file that the compose file itself describes. Modes are permission bits (07777). */
export type InlineFile =
  | { kind: "file"; content: Buffer; mode: number; uid: number; gid: number }
  | { kind: "directory"; mode: number; uid: number; gid: number }
  | { kind: "symlink"; target: string }
  | { kind: "hardlink"; target: string };

/** Where a Debian host's packages come from. */
export interface DebianBase {
  suite: string;
  components: readonly string[];
  /** Take the security and point-release update suites as well as the release suite. */
  updates: boolean;
  /** The archive's address; left out: the one in this machine's apt sources. */
  mirror: string | undefined;
  /** The security archive's address; left out: from the apt sources, else the mirror's sibling. */
  securityMirror: string | undefined;
  keyring: string;
}

/** A checked compose file. */
export interface ComposeFile {
  ref: string;
  /** Undefined: made from the tree's Debian version and the timestamp. */
  version: string | undefined;
  subject: string | undefined;
  /** Seconds since the epoch; no file of the tree is newer. */
  timestamp: number;
  /** Undefined when the tree is made of files alone (`base: none`). */
  debian: DebianBase | undefined;
  packages: readonly string[];
  /** Directories copied over the tree, in order. */
  overlays: readonly string[];
  /** By path relative to the tree's root, in the order of the file. */
  files: ReadonlyMap<string, InlineFile>;
  /** Paths taken out of the tree again; one that is missing is an error. */
  remove: readonly string[];
  kargs: readonly string[];
  units: { enable: readonly string[]; disable: readonly string[]; mask: readonly string[] };
  machine: { hostname: string | undefined; timezone: string | undefined; locale: string | undefined };
}

const FORMAT = 1;
const MAX_BYTES = 1 << 20;
const MAX_FILES = 10_000;
const MAX_LIST = 2_000;
const MAX_TIMESTAMP = 0xffff_ffff;
const MAX_ID = 0xffff_fffe;
/** Ways to describe a file; each stands alone. */
export const INLINE_KINDS = ["content", "base64", "noise", "symlink", "hardlink", "directory"] as const;
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

const REF = /^[A-Za-z0-9_+:@-][A-Za-z0-9._+:@-]*(\/[A-Za-z0-9_+:@-][A-Za-z0-9._+:@-]*)*$/;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]+$/;
const SUITE = /^[a-z][a-z0-9.-]*$/;
const MIRROR = /^(https?|file|mirror\+file):\/?\/?[^\s[\]]+$/;
const UNIT = /^[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*\.(service|socket|timer|target|mount|automount|path|slice)$/;
const KARG = /^[\u0021\u0023-\u007e]+$/;
const HOSTNAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const TIMEZONE = /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/;
const LOCALE = /^[A-Za-z][A-Za-z0-9_.@-]*$/;
const LINE = /^[^\u0000-\u001f\u007f]+$/;
const KEYRING_PATH = /^\/[^\s[\]]+$/;

/** Reads YAML into a document. @throws AtomicError invalid when it is not one YAML map of at most 1 MiB */
export function parseComposeDocument(text: string): ComposeDocument {
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw bad(`expected at most ${MAX_BYTES} bytes, found ${Buffer.byteLength(text)}`);
  const document = parseDocument(text, { version: "1.2", schema: "core", merge: false, strict: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw bad(problem.message.split("\n")[0] ?? "not YAML");
  if (!isMap(document.contents)) throw bad("expected a map of keys at the top");
  try {
    return document.toJS({ maxAliasCount: 0 }) as ComposeDocument;
  } catch (cause) {
    throw bad("aliases (*name) are not allowed", cause);
  }
}

/** Reads the value of a `KEY=VALUE` setting as YAML does. @throws AtomicError usage unless it is a scalar */
export function parseSetting(text: string): { path: string[]; value: unknown } {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).split(".");
  const value = parseDocument(text.slice(at + 1), { version: "1.2", schema: "core" });
  if (at < 1 || path.some((part) => part === "") || value.errors.length > 0 || !isScalar(value.contents)) {
    throw new AtomicError(
      "usage",
      `reading the setting ${JSON.stringify(text)}: expected KEY=VALUE, as in debian.updates=true`,
    );
  }
  return { path, value: value.contents.value };
}

/**
 * Checks every key and value of a document. Overlay paths are taken as they are: who reads the file resolves them.
 * @throws AtomicError invalid, naming the key
 */
export function parseComposeFile(document: ComposeDocument): ComposeFile {
  const top = new Keys(document, "");
  if (top.take("format") !== FORMAT) throw bad(`format: expected ${FORMAT}, found ${show(document["format"])}`);
  const base = top.choice("base", ["none", "debian"]);
  const debianKeys = top.map("debian");
  if (base === "none" && debianKeys !== undefined) throw bad("debian: has no meaning with base none");
  const debian = base === "debian" ? parseDebian(debianKeys ?? new Keys({}, "debian")) : undefined;
  const packages = top.strings("packages", PACKAGE);
  if (debian === undefined && packages.length > 0) throw bad("packages: needs base debian");
  const units = top.map("units") ?? new Keys({}, "units");
  const machine = top.map("machine") ?? new Keys({}, "machine");
  const file: ComposeFile = {
    ref: top.required("ref", REF),
    version: top.optional("version", LINE),
    subject: top.optional("subject", LINE),
    timestamp: parseTimestamp(top.take("timestamp")),
    debian,
    packages,
    overlays: top.strings("overlays", LINE),
    files: parseFiles(top.take("files")),
    remove: top.strings("remove", LINE).map((path) => checkPath(path, "remove")),
    kargs: top.strings("kargs", KARG),
    units: {
      enable: units.strings("enable", UNIT),
      disable: units.strings("disable", UNIT),
      mask: units.strings("mask", UNIT),
    },
    machine: {
      hostname: machine.optional("hostname", HOSTNAME),
      timezone: machine.optional("timezone", TIMEZONE),
      locale: machine.optional("locale", LOCALE),
    },
  };
  if (debian === undefined && Object.values(file.units).some((names) => names.length > 0))
    throw bad("units: needs base debian");
  machine.end();
  units.end();
  top.end();
  return file;
}

/**
 * Checks a path relative to the tree's root, given without a leading slash.
 * @throws AtomicError invalid on an absolute path, `..`, `.`, an empty part or a control character
 */
export function checkPath(path: string, key: string): string {
  const parts = path.split("/");
  if (!LINE.test(path) || path.length > 4095 || parts.some((part) => part === "" || part === "." || part === "..")) {
    throw bad(`${key}: expected a path relative to the root of the tree, without '..', found ${show(path)}`);
  }
  return path;
}

function parseDebian(keys: Keys): DebianBase {
  const components = keys.strings("components", SUITE);
  const base: DebianBase = {
    suite: keys.required("suite", SUITE),
    components: components.length > 0 ? components : ["main"],
    updates: keys.flag("updates"),
    mirror: keys.optional("mirror", MIRROR),
    securityMirror: keys.optional("security-mirror", MIRROR),
    keyring: keys.optional("keyring", KEYRING_PATH) ?? KEYRING,
  };
  keys.end();
  return base;
}

function parseTimestamp(value: unknown): number {
  const seconds =
    typeof value === "number"
      ? value
      : typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)
        ? Date.parse(value) / 1000
        : NaN;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TIMESTAMP) {
    throw bad(`timestamp: expected seconds or a date such as 2026-07-11T00:00:00Z, found ${show(value)}`);
  }
  return seconds;
}

function parseFiles(value: unknown): Map<string, InlineFile> {
  const files = new Map<string, InlineFile>();
  if (value === undefined) return files;
  const entries = isPlainMap(value) ? Object.entries(value) : undefined;
  if (entries === undefined || entries.length > MAX_FILES)
    throw bad(`files: expected a map of at most ${MAX_FILES} paths`);
  for (const [path, description] of entries) {
    if (description !== null) files.set(checkPath(path, "files"), parseInline(path, description)); // null takes an inherited file out
  }
  return files;
}

function parseInline(path: string, description: unknown): InlineFile {
  const where = `files ${show(path)}`;
  if (typeof description === "string")
    return { kind: "file", content: Buffer.from(description), mode: 0o644, uid: 0, gid: 0 };
  if (!isPlainMap(description)) throw bad(`${where}: expected text or a map, found ${show(description)}`);
  const keys = new Keys(description, where);
  const kinds = INLINE_KINDS.filter((kind) => Object.hasOwn(description, kind));
  if (kinds.length !== 1) throw bad(`${where}: expected one of ${INLINE_KINDS.join(", ")}, found ${kinds.length}`);
  const file = parseKind(keys, kinds[0] as string, where);
  keys.end();
  return file;
}

function parseKind(keys: Keys, kind: string, where: string): InlineFile {
  if (kind === "symlink") return { kind, target: keys.required("symlink", LINE) };
  if (kind === "hardlink") return { kind, target: checkPath(keys.required("hardlink", LINE), where) };
  const inode = {
    mode: keys.mode(kind === "directory" ? 0o755 : 0o644),
    uid: keys.number("uid", MAX_ID),
    gid: keys.number("gid", MAX_ID),
  };
  if (kind === "directory") {
    if (keys.take("directory") !== true) throw bad(`${where}: directory: expected true`);
    return { kind, ...inode };
  }
  if (kind === "noise")
    return { kind: "file", content: parseNoise(keys.map("noise") ?? new Keys({}, where)), ...inode };
  const text = keys.required(kind, /^[^]*$/);
  const content = Buffer.from(text, kind === "base64" ? "base64" : "utf8");
  if (kind === "base64" && content.toString("base64") !== text.replace(/\s/g, ""))
    throw bad(`${where}: base64: malformed`);
  return { kind: "file", content, ...inode };
}

function parseNoise(keys: Keys): Buffer {
  const content = noise(keys.required("seed", LINE), keys.number("bytes", MAX_NOISE));
  keys.end();
  return content;
}

/** A map being checked: what was not asked for by the end is an unknown key. */
class Keys {
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

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}

function bad(message: string, cause?: unknown): AtomicError {
  return new AtomicError("invalid", `reading the compose file: ${message}`, { cause });
}
