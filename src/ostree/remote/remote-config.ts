/** `remotes/NAME.json` of a store: where commits are pulled from, and who may vouch for them. */
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { isKernelError, namesIn, readFile } from "../../linux/index.ts";
import { withRepoLock } from "../lock.ts";
import type { Repo } from "../repo.ts";
import { isKeyText, keyId, type PublicKey } from "./public-key.ts";

/** What serves a remote: a store of ours published with `atomic repo summary`, or one of ostree's. */
export const REMOTE_TYPES = ["atomic", "ostree"] as const;
export type RemoteType = (typeof REMOTE_TYPES)[number];

export interface Remote {
  name: string;
  type: RemoteType;
  /** http, https or file, without a slash at the end. */
  url: string;
  /** Any one of them vouches for a commit. */
  keys: PublicKey[];
  /** OpenPGP keys in base64, as gpgv reads them, any one of which vouches too. Of type ostree only. */
  keyring?: string;
  /** Commits are taken unsigned. */
  insecure: boolean;
}

const FORMAT = 1;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const MAX_CONFIG = 4 * 1024 * 1024;
const MAX_KEYS = 64;
const MAX_URL = 2048;

/** Adds a remote, durably. @throws AtomicError exists, usage on a bad name or URL or without a key and not insecure */
export async function addRemote(repo: Repo, remote: Remote): Promise<void> {
  checkRemote(remote);
  await withRepoLock(repo, () => {
    if (findRemote(repo, remote.name) !== undefined) {
      throw new AtomicError("exists", `adding remote ${remote.name}: there is one already`, {
        hint: `atomic remote remove ${remote.name}`,
      });
    }
    writeRemote(repo, remote);
  });
}

/** Removes a remote; its refs and their commits stay. @throws AtomicError not-found */
export async function removeRemote(repo: Repo, name: string): Promise<void> {
  await withRepoLock(repo, () => {
    readRemote(repo, name);
    repo.disk.unlink(configFile(repo, name));
    repo.disk.removeTree(join(repo.path, "remotes", `${name}.seen`));
    repo.disk.fsyncDirectory(join(repo.path, "remotes"));
  });
}

/** Gives a remote other keys: one more to rotate, one less to revoke. @throws AtomicError not-found, usage, conflict */
export async function changeKeys(
  repo: Repo,
  name: string,
  { add = [], remove = [] }: { add?: readonly PublicKey[]; remove?: readonly string[] },
): Promise<Remote> {
  return withRepoLock(repo, () => {
    const remote = readRemote(repo, name);
    for (const text of remove) {
      const matches = remote.keys.filter((key) => key.name === text || keyId(key) === text);
      if (matches.length !== 1) {
        throw new AtomicError(
          matches.length === 0 ? "not-found" : "usage",
          `removing key ${text} of remote ${name}: ${matches.length === 0 ? "it has none of that name or id" : "several have that name"}`,
          { hint: `atomic remote list` },
        );
      }
      remote.keys = remote.keys.filter((key) => key !== matches[0]);
    }
    for (const key of add) {
      if (remote.keys.some((other) => other.key === key.key))
        throw new AtomicError("exists", `adding key ${keyId(key)} to remote ${name}: it has that key`);
      remote.keys.push(key);
    }
    checkRemote(remote);
    writeRemote(repo, remote);
    return remote;
  });
}

/** The remote of that name. @throws AtomicError not-found, corrupt, unsupported */
export function readRemote(repo: Repo, name: string): Remote {
  const remote = findRemote(repo, name);
  if (remote !== undefined) return remote;
  throw new AtomicError("not-found", `opening remote ${JSON.stringify(name)}: ${repo.path} has none of that name`, {
    hint: "atomic remote list",
  });
}

/** The remote of that name, or undefined, also when no remote could have it. @throws AtomicError corrupt, unsupported */
export function findRemote(repo: Repo, name: string): Remote | undefined {
  if (!NAME.test(name)) return undefined;
  try {
    return parseRemote(readFile(configFile(repo, name), MAX_CONFIG).toString("utf8"), name);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** All remotes, sorted by name. @throws AtomicError corrupt, unsupported */
export function listRemotes(repo: Repo): Remote[] {
  const names = namesIn(join(repo.path, "remotes")).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => findRemote(repo, name.slice(0, -".json".length)) ?? []);
}

/** Reads `text`, the settings of remote `name`. @throws AtomicError corrupt, unsupported (a newer format) */
export function parseRemote(text: string, name: string): Remote {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AtomicError("corrupt", `reading remote ${name}: not JSON`, { cause });
  }
  const { format, ...fields } = (value ?? {}) as Record<string, unknown>;
  if (typeof format === "number" && format > FORMAT)
    throw new AtomicError("unsupported", `reading remote ${name}: expected format ${FORMAT}, found ${format}`);
  const { type, url, keys, insecure, keyring, ...unknown } = fields;
  const isWhole =
    format === FORMAT &&
    typeof url === "string" &&
    typeof insecure === "boolean" &&
    isKeys(keys) &&
    (keyring === undefined || typeof keyring === "string");
  if (!isWhole || !REMOTE_TYPES.includes(type as RemoteType) || Object.keys(unknown).length > 0) {
    throw new AtomicError("corrupt", `reading remote ${name}: expected type, url, keys and insecure`, {
      hint: `atomic remote remove ${name}`,
    });
  }
  const settings = { name, type: type as RemoteType, url, insecure, keys };
  const remote: Remote = keyring === undefined ? settings : { ...settings, keyring };
  try {
    checkRemote(remote);
  } catch (cause) {
    if (!isAtomicError(cause, "usage")) throw cause;
    throw new AtomicError("corrupt", cause.message, { cause });
  }
  return remote;
}

/** The text of a remote's file. */
export function formatRemote({ name: _, ...settings }: Remote): string {
  return `${JSON.stringify({ format: FORMAT, ...settings }, null, 2)}\n`;
}

/** @throws AtomicError usage */
function checkRemote({ name, type, url, keys, keyring, insecure }: Remote): void {
  const refuse = (why: string, hint?: string) =>
    new AtomicError("usage", `adding remote ${JSON.stringify(name)}: ${why}`, hint === undefined ? {} : { hint });
  if (!NAME.test(name)) throw refuse("expected letters, digits and _.- in its name");
  const known = URL.canParse(url) && ["http:", "https:", "file:"].includes(new URL(url).protocol);
  if (!known || url.length > MAX_URL || url.endsWith("/") || /[?#]/.test(url))
    throw refuse(`expected an http, https or file URL, found ${JSON.stringify(url.slice(0, 200))}`);
  if (keys.length > MAX_KEYS) throw refuse(`expected at most ${MAX_KEYS} keys, found ${keys.length}`);
  if (keyring !== undefined && type !== "ostree") throw refuse("only a remote of type ostree has OpenPGP keys");
  if (keys.length === 0 && keyring === undefined && !insecure) {
    throw refuse("nobody could vouch for what it serves", `atomic remote add ${name} ${url} --key FILE`);
  }
  if ((keys.length > 0 || keyring !== undefined) && insecure) throw refuse("it has keys, so it cannot be insecure");
}

function isKeys(value: unknown): value is PublicKey[] {
  return (
    Array.isArray(value) &&
    value.every((item: unknown) => {
      const { name, key } = (item ?? {}) as Partial<PublicKey>;
      return typeof name === "string" && isKeyText(key);
    })
  );
}

function writeRemote(repo: Repo, remote: Remote): void {
  repo.disk.ensureDirectory(join(repo.path, "remotes"), 0o755);
  repo.disk.replaceFile(configFile(repo, remote.name), Buffer.from(formatRemote(remote)), 0o644);
}

function configFile(repo: Repo, name: string): string {
  return join(repo.path, "remotes", `${name}.json`);
}
