/**
 * A transaction: objects gather in `staging/`, reach the disk together, and only then get their names.
 *
 * Order (docs/formats.md, "transaction"): stage objects → sync → rename into `objects/` → sync → refs. A crash before
 * the renames leaves only `staging/`, which the next transaction removes; a crash among them leaves whole objects that
 * nothing names yet.
 */
import { join } from "node:path";
import { type Checksum, checksumOf } from "../digest.ts";
import { isKernelError } from "../linux/index.ts";
import { objectPath, type ObjectType } from "./object-path.ts";
import { measureObject, objectFile, objectSize } from "./object-store.ts";
import type { Repo } from "./repo.ts";

export interface Transaction {
  readonly repo: Repo;
  /** Absolute path of the staging directory. */
  readonly staging: string;
  /** Staged objects by name, `<checksum>.<type>`. */
  readonly staged: Map<string, { checksum: Checksum; type: ObjectType; size: number }>;
}

/** Objects are never changed and never executed in place. */
export const OBJECT_MODE = 0o444;

/** Starts a transaction; the caller holds the store's lock until it is published or given up. */
export function beginTransaction(repo: Repo): Transaction {
  const staging = join(repo.path, "staging");
  repo.disk.removeTree(staging);
  repo.disk.mkdir(staging, 0o700);
  return { repo, staging, staged: new Map() };
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
  if (transaction.staged.has(`${checksum}.${type}`) || isIntact(transaction.repo, checksum, type, bytes.length)) return checksum;
  const file = transaction.repo.disk.create(stagedFile(transaction, checksum, type), OBJECT_MODE);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
  noteStaged(transaction, checksum, type, bytes.length);
  return checksum;
}

/** Where an object waits for publication. */
export function stagedFile(transaction: Transaction, checksum: Checksum, type: ObjectType): string {
  return join(transaction.staging, `${checksum}.${type}`);
}

/** Records that `stagedFile` is complete. */
export function noteStaged(transaction: Transaction, checksum: Checksum, type: ObjectType, size: number): void {
  transaction.staged.set(`${checksum}.${type}`, { checksum, type, size });
}

/**
 * True when the store has the object and its bytes hash to its name: what exists is verified, not trusted.
 * A damaged one counts as absent, so that publishing replaces it.
 */
export function isIntact(repo: Repo, checksum: Checksum, type: ObjectType, size: number): boolean {
  return objectSize(repo, checksum, type) === size && measureObject(repo, checksum, type).checksum === checksum;
}

/** Gives every staged object its name, durably. Refs may be written when this returns. */
export function publish(transaction: Transaction): void {
  const { repo, staged, staging } = transaction;
  if (staged.size > 0) {
    repo.disk.barrier(repo.path);
    const made = new Set<string>();
    for (const { checksum, type } of staged.values()) {
      moveIntoPlace(transaction, checksum, type, made);
    }
    repo.disk.barrier(repo.path);
  }
  repo.disk.removeTree(staging);
}

function moveIntoPlace(transaction: Transaction, checksum: Checksum, type: ObjectType, made: Set<string>): void {
  const { disk } = transaction.repo;
  const target = objectFile(transaction.repo, checksum, type);
  try {
    disk.rename(stagedFile(transaction, checksum, type), target);
  } catch (error) {
    const directory = join(transaction.repo.path, "objects", objectPath(checksum, type).slice(0, 2));
    if (!isKernelError(error, "ENOENT") || made.has(directory)) throw error;
    disk.mkdir(directory, 0o755);
    made.add(directory);
    disk.rename(stagedFile(transaction, checksum, type), target);
  }
}
