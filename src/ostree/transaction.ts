/**
 * A transaction: objects gather in `staging/`, reach the disk together, and only then get their names.
 *
 * Order (docs/formats.md, "transaction"): stage objects → sync → seal → rename into `objects/` → sync → refs. A crash before
 * the renames leaves only `staging/`, which the next transaction removes; a crash among them leaves whole objects that
 * nothing names yet.
 */
import { dirname } from "node:path";
import { type Checksum, checksumOf } from "../digest.ts";
import { Stopped } from "../durable-step.ts";
import { readFile } from "../linux/index.ts";
import { withFileLock } from "./lock.ts";
import type { ObjectType } from "./object-path.ts";
import { measureObject, objectFile, objectSize } from "./object-store.ts";
import type { Repo } from "./repo.ts";
import { sealFiles } from "./seal.ts";

export interface Transaction {
  readonly repo: Repo;
  /** Absolute path of the directory this thread stages objects in. */
  readonly staging: string;
  /** Staged objects by name, `<checksum>.<type>`. */
  readonly staged: Map<string, StagedObject>;
}
export interface StagedObject {
  checksum: Checksum;
  type: ObjectType;
  size: number;
  /** Where it waits for its name. */
  path: string;
}

/** Objects are never changed and never executed in place. */
export const OBJECT_MODE = 0o444;

/**
 * Runs `work` in a transaction and publishes what it staged, or leaves the store as it was when it throws. The caller
 * holds the store's lock. Refs may be written when this returns.
 */
export function transact<T>(repo: Repo, work: (transaction: Transaction) => T): T {
  const transaction = begin(repo, `${repo.path}/staging`);
  try {
    const result = work(transaction);
    publish(transaction);
    return result;
  } finally {
    discard(transaction);
  }
}

/** `transact` for work that waits for something. */
export async function transactAsync<T>(repo: Repo, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const transaction = begin(repo, `${repo.path}/staging`);
  try {
    const result = await work(transaction);
    publish(transaction);
    return result;
  } finally {
    discard(transaction);
  }
}

/**
 * A transaction for work that takes long, such as a download: objects gather in `importing/`, which has a lock of its
 * own, and `checkpoint` publishes them, for which the caller takes the store's lock. What is not published is dropped.
 * @throws AtomicError locked when another one is under way
 */
export async function transactAside<T>(repo: Repo, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  const directory = `${repo.path}/importing`;
  repo.disk.ensureDirectory(directory, 0o700);
  return withFileLock(`${directory}/lock`, async () => {
    const transaction = begin(repo, `${directory}/staging`);
    try {
      return await work(transaction);
    } finally {
      discard(transaction);
    }
  });
}

/**
 * Publishes what is staged so far, durably, so that work that is cut off later need not do it again. Nothing names
 * these objects yet: prune would remove them.
 */
export function checkpoint(transaction: Transaction): void {
  publish(transaction);
  transaction.staged.clear();
}

function begin(repo: Repo, staging: string): Transaction {
  repo.disk.removeTree(staging);
  repo.disk.mkdir(staging, 0o700);
  return { repo, staging, staged: new Map() };
}

/** Removes the staging directory; a run that was stopped leaves it to the next transaction, as a power cut would. */
function discard({ repo, staging }: Transaction): void {
  try {
    repo.disk.removeTree(staging);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
}

/** True when the store, or this transaction, holds an object of that name, and of that size where it is known. */
export function hasObject(transaction: Transaction, checksum: Checksum, type: ObjectType, size?: number): boolean {
  if (transaction.staged.has(`${checksum}.${type}`)) return true;
  const found = objectSize(transaction.repo, checksum, type);
  return found !== undefined && (size === undefined || found === size);
}

/** Stages `bytes` unless an intact object holds them already; returns their checksum. */
export function stageBytes(transaction: Transaction, bytes: Uint8Array, type: ObjectType): Checksum {
  const checksum = checksumOf(bytes);
  if (transaction.staged.has(`${checksum}.${type}`) || holds(transaction.repo, checksum, type, bytes)) return checksum;
  writeStaged(transaction, stagedFile(transaction, checksum, type), bytes);
  noteStaged(transaction, checksum, type, bytes.length);
  return checksum;
}

/** True when the store's object holds exactly `bytes`: what exists is compared, not trusted. */
function holds(repo: Repo, checksum: Checksum, type: ObjectType, bytes: Uint8Array): boolean {
  if (objectSize(repo, checksum, type) !== bytes.length) return false;
  return readFile(objectFile(repo, checksum, type), bytes.length).equals(bytes);
}

function writeStaged({ repo }: Transaction, path: string, bytes: Uint8Array): void {
  const file = repo.disk.create(path, OBJECT_MODE);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
}

/** Where an object waits for publication. */
export function stagedFile(transaction: Transaction, checksum: Checksum, type: ObjectType): string {
  return `${transaction.staging}/${checksum}.${type}`;
}

/** Records that `stagedFile` is complete. */
export function noteStaged(transaction: Transaction, checksum: Checksum, type: ObjectType, size: number): void {
  const path = stagedFile(transaction, checksum, type);
  transaction.staged.set(`${checksum}.${type}`, { checksum, type, size, path });
}

/** Takes an object that lies outside of the staging directory already, on the same filesystem; it has been checked. */
export function noteDownloaded(transaction: Transaction, object: StagedObject): void {
  transaction.staged.set(`${object.checksum}.${object.type}`, object);
}

/**
 * True when the store has the object and its bytes hash to its name: what exists is verified, not trusted.
 * A damaged one counts as absent, so that publishing replaces it.
 */
export function isIntact(repo: Repo, checksum: Checksum, type: ObjectType, size: number): boolean {
  return objectSize(repo, checksum, type) === size && measureObject(repo, checksum, type).checksum === checksum;
}

/** Gives every staged object its name, durably. */
function publish({ repo, staged }: Transaction): void {
  if (staged.size === 0) return;
  repo.disk.barrier(repo.path);
  const files = [...staged.values()].filter(({ type }) => type === "file");
  sealFiles(
    repo,
    files.map(({ path }) => path),
  );
  const directories = new Set<string>();
  for (const { checksum, type, path } of staged.values()) {
    const target = objectFile(repo, checksum, type);
    const directory = dirname(target);
    if (!directories.has(directory)) repo.disk.ensureDirectory(directory, 0o755);
    directories.add(directory);
    repo.disk.rename(path, target);
  }
  repo.disk.barrier(repo.path);
}
