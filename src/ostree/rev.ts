/** Revisions: what an operator types to mean a commit. */
import { toText } from "../bytes.ts";
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { close, isKernelError, O_DIRECTORY, O_RDONLY, open, readDirectory } from "../linux/index.ts";
import { objectSize, readCommit } from "./object-store.ts";
import { parseRefName, readRef } from "./ref.ts";
import type { Repo } from "./repo.ts";

const MIN_PREFIX = 4;

/**
 * The commit that `text` means: a ref, a checksum or a unique prefix of at least four digits; `^` after it is its parent.
 * @throws AtomicError not-found, usage (ambiguous, or no legal name at all)
 */
export function resolveRev(repo: Repo, text: string): Checksum {
  if (text.endsWith("^")) {
    const { parent } = readCommit(repo, resolveRev(repo, text.slice(0, -1)));
    if (parent === undefined) throw new AtomicError("not-found", `resolving ${text}: the commit has no parent`);
    return parent;
  }
  const byRef = readRef(repo, parseRefName(text));
  if (byRef !== undefined) return byRef;
  const matches = /^[0-9a-f]+$/.test(text) && text.length >= MIN_PREFIX ? commitsStarting(repo, text) : [];
  if (matches.length > 1) {
    throw new AtomicError("usage", `resolving ${text}: ${matches.length} commits start like that`, {
      hint: `atomic repo log --repo ${repo.path}`,
    });
  }
  const [match] = matches;
  if (match === undefined) {
    throw new AtomicError("not-found", `resolving ${text}: no such ref or commit in ${repo.path}`, {
      hint: `atomic repo refs --repo ${repo.path}`,
    });
  }
  return match;
}

function commitsStarting(repo: Repo, prefix: string): Checksum[] {
  if (prefix.length === 64) {
    const checksum = parseChecksum(prefix);
    return objectSize(repo, checksum, "commit") === undefined ? [] : [checksum];
  }
  let fd: number;
  try {
    fd = open(`${repo.path}/objects/${prefix.slice(0, 2)}`, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return [];
    throw error;
  }
  try {
    return readDirectory(fd)
      .map(({ name }) => toText(name))
      .filter((name) => name.endsWith(".commit") && name.startsWith(prefix.slice(2)))
      .map((name) => parseChecksum(prefix.slice(0, 2) + name.slice(0, -".commit".length)));
  } finally {
    close(fd);
  }
}
