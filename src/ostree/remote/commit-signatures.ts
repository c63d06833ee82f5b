/** `signatures/<commit>`: who signed a commit of this store. */
import { join } from "node:path";
import type { Checksum } from "../../digest.ts";
import { isKernelError, namesIn, readFile } from "../../linux/index.ts";
import { readObject } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import type { PublicKey } from "./public-key.ts";
import type { SecretKey } from "./secret-key.ts";
import { formatSignatures, parseSignatures, sign, type Signature, signerOf, withSignatures } from "./signature.ts";

const MAX_FILE = 64 * 1024;

/** The signatures of a commit that this store knows. @throws AtomicError invalid when their file is damaged */
export function readSignatures(repo: Repo, commit: Checksum): Signature[] {
  try {
    return parseSignatures(readFile(fileOf(repo, commit), MAX_FILE).toString("utf8"), commit);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
}

/** Remembers signatures of a commit, durably. The caller holds the store's lock. */
export function addSignatures(repo: Repo, commit: Checksum, added: readonly Signature[]): void {
  const before = readSignatures(repo, commit);
  const after = withSignatures(before, added);
  if (formatSignatures(after) === formatSignatures(before)) return;
  repo.disk.ensureDirectory(join(repo.path, "signatures"), 0o755);
  repo.disk.replaceFile(fileOf(repo, commit), Buffer.from(formatSignatures(after)), 0o644);
}

/** Signs a commit of this store. The caller holds its lock. @throws AtomicError not-found, corrupt */
export function signCommit(repo: Repo, commit: Checksum, keys: readonly SecretKey[]): void {
  const bytes = readObject(repo, commit, "commit");
  addSignatures(
    repo,
    commit,
    keys.map((key) => sign(bytes, key)),
  );
}

/** Which of `keys` signed a commit of this store; undefined when none did. @throws AtomicError not-found, corrupt */
export function signerOfCommit(repo: Repo, commit: Checksum, keys: readonly PublicKey[]): PublicKey | undefined {
  return signerOf(readObject(repo, commit, "commit"), readSignatures(repo, commit), keys);
}

/** Forgets the signatures of commits that `kept`, names of objects, lacks. The caller holds the store's lock. */
export function pruneSignatures(repo: Repo, kept: ReadonlySet<string>): void {
  const directory = join(repo.path, "signatures");
  for (const name of namesIn(directory)) if (!kept.has(`${name}.commit`)) repo.disk.unlink(join(directory, name));
}

function fileOf(repo: Repo, commit: Checksum): string {
  return join(repo.path, "signatures", commit);
}
