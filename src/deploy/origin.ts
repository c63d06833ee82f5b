/**
 * `origin.json` of a deployment: where it came from and how it boots. All that `status` needs is here, so that it reads
 * nothing else.
 */
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";

export interface Origin {
  /** What an upgrade follows, as the operator wrote it: a ref, or a commit that is never upgraded. */
  spec: string;
  /** The store in another directory that the commit was pulled from. */
  from?: string;
  commit: Checksum;
  /** The image's version, as its commit names it. */
  version?: string;
  /** Of the commit, in seconds since the epoch. */
  timestamp: number;
  /** When the deployment was made, in seconds since the epoch. */
  deployed: number;
  /** What boot menus show. */
  title: string;
  /** Kernel arguments without `atomic=` and `atomic.image=`, in order. */
  kargs: string[];
  /** Those among them that the image asked for. */
  imageKargs: string[];
  pinned: boolean;
  /** How the commit was verified: `unsigned` or what vouches for it. */
  signature: string;
  /** fs-verity digest of `image`. */
  image: Checksum;
  /** The kernel's release; its files in the boot directory are named after `bootChecksum`. */
  kernel: string;
  bootChecksum: Checksum;
  /** The merge of `/etc`; absent when there was nothing to merge. */
  etc?: EtcCounts;
}

/** How many paths of `/etc` had each outcome; `from` is the deployment whose `/etc` was merged. */
export interface EtcCounts {
  from: string;
  takeNew: number;
  keepLocal: number;
  sameChange: number;
  merged: number;
  conflicts: number;
}

const FORMAT = 1;
/** Far above any real one; kernel command lines end at 4 KiB. */
export const MAX_ORIGIN = 256 * 1024;

/** The text of `origin.json`. */
export function formatOrigin(origin: Origin): string {
  return `${JSON.stringify({ format: FORMAT, ...origin }, null, 2)}\n`;
}

/**
 * Reads `text`, the `origin.json` at `path`.
 * @throws AtomicError corrupt when it is not what `formatOrigin` writes, unsupported when it is of a newer format
 */
export function parseOrigin(text: string, path: string): Origin {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AtomicError("corrupt", `reading ${path}: not JSON`, { cause });
  }
  const fields = new Fields(value, path);
  if (fields.number("format") !== FORMAT) {
    throw new AtomicError(
      "unsupported",
      `reading ${path}: expected format ${FORMAT}, found ${fields.number("format")}`,
    );
  }
  const origin: Origin = {
    spec: fields.text("spec"),
    commit: fields.checksum("commit"),
    timestamp: fields.number("timestamp"),
    deployed: fields.number("deployed"),
    title: fields.text("title"),
    kargs: fields.texts("kargs"),
    imageKargs: fields.texts("imageKargs"),
    pinned: fields.flag("pinned"),
    signature: fields.text("signature"),
    image: fields.checksum("image"),
    kernel: fields.text("kernel"),
    bootChecksum: fields.checksum("bootChecksum"),
  };
  if (fields.has("from")) origin.from = fields.text("from");
  if (fields.has("version")) origin.version = fields.text("version");
  if (fields.has("etc")) origin.etc = parseCounts(fields.below("etc"));
  return origin;
}

function parseCounts(fields: Fields): EtcCounts {
  return {
    from: fields.text("from"),
    takeNew: fields.number("takeNew"),
    keepLocal: fields.number("keepLocal"),
    sameChange: fields.number("sameChange"),
    merged: fields.number("merged"),
    conflicts: fields.number("conflicts"),
  };
}

/** Typed access to the fields of a JSON object. */
class Fields {
  readonly #value: Record<string, unknown>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null) throw new AtomicError("corrupt", `reading ${path}: not an object`);
    this.#value = value as Record<string, unknown>;
    this.#path = path;
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined;
  }
  text(key: string): string {
    return this.#expect(key, "text", (value) => typeof value === "string");
  }
  texts(key: string): string[] {
    const isTexts = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === "string");
    return this.#expect(key, "a list of texts", isTexts);
  }
  number(key: string): number {
    return this.#expect(key, "a whole number", Number.isSafeInteger);
  }
  flag(key: string): boolean {
    return this.#expect(key, "true or false", (value) => typeof value === "boolean");
  }
  checksum(key: string): Checksum {
    return parseChecksum(this.text(key));
  }
  below(key: string): Fields {
    return new Fields(this.#value[key], this.#path);
  }

  #expect<T>(key: string, what: string, holds: (value: unknown) => boolean): T {
    const value = this.#value[key];
    if (!holds(value)) {
      throw new AtomicError(
        "corrupt",
        `reading ${this.#path}: ${key}: expected ${what}, found ${JSON.stringify(value)}`,
      );
    }
    return value as T;
  }
}
