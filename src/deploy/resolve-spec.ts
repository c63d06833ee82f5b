/** What an operator names to deploy: a ref, or a commit; in the sysroot's store, or one in another directory. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Checksum } from "../digest.ts";
import { isAtomicError } from "../errors.ts";
import { AT_FDCWD, statIfExists } from "../linux/index.ts";
import {
  type DirectoryNode,
  loadTree,
  objectFile,
  openRepo,
  parseRefName,
  pullLocal,
  readRef,
  type Repo,
  resolveRev,
} from "../ostree/index.ts";
import type { Progress } from "../progress.ts";
import { bootChecksum, findKernel } from "./deployment-kernel.ts";
import type { Stateroot } from "./deployment-id.ts";
import { preflight } from "./preflight.ts";
import { bootNeed } from "./prepare-deployment.ts";
import type { Sysroot } from "./sysroot.ts";

export interface Resolved {
  commit: Checksum;
  /** Present when the spec is a ref, which an upgrade can follow. */
  ref?: string;
}

/** Opens the store to pull from: `directory` itself, or that of the sysroot in it. @throws AtomicError not-found */
export function openSource(sysroot: Sysroot, directory: string): Repo {
  const own = join(directory, "atomic/repo");
  return openRepo(resolve(existsSync(own) ? own : directory), sysroot.disk);
}

/** The commit a spec names in `repo`. @throws AtomicError not-found, usage */
export function resolveSpec(repo: Repo, spec: string): Resolved {
  const ref = refIn(repo, spec);
  return ref ?? { commit: resolveRev(repo, spec) };
}

/**
 * Brings a commit that is to be deployed from another store into the sysroot's, the ref last.
 * @throws AtomicError no-space before anything is written, be it for the tree or for its kernel; invalid when it has no
 *   kernel; corrupt, locked
 */
export async function pullCommit(
  sysroot: Sysroot,
  source: Repo,
  { resolved, stateroot, progress }: { resolved: Resolved; stateroot: Stateroot; progress?: Progress },
): Promise<void> {
  const tree = loadTree(source, resolved.commit);
  const kernel = findKernel(tree);
  const checksum = bootChecksum({ ...sysroot, repo: source }, kernel);
  const boot = bootNeed(sysroot, stateroot, { kernel, bootChecksum: checksum });
  const files = [...missingFiles(sysroot.repo, tree), ...dirtreeSizes(tree)];
  preflight([{ path: sysroot.repo.path, files, inodes: 0 }, boot]);
  const { commit, ref } = resolved;
  const moved = ref === undefined ? {} : { ref: parseRefName(ref) };
  await pullLocal(sysroot.repo, source, { commit, ...moved, ...(progress === undefined ? {} : { progress }) });
}

function refIn(repo: Repo, spec: string): Resolved | undefined {
  try {
    const ref = parseRefName(spec);
    const commit = readRef(repo, ref);
    return commit === undefined ? undefined : { commit, ref };
  } catch (error) {
    if (isAtomicError(error, "usage")) return undefined; // no ref, but `REF^` is a revision
    throw error;
  }
}

/** The sizes of a tree's files that the store lacks, each content once. */
export function missingFiles(repo: Repo, tree: DirectoryNode): number[] {
  const seen = new Set<Checksum>();
  const files: number[] = [];
  const visit = (directory: DirectoryNode): void => {
    for (const node of directory.children.values()) {
      if (node.kind === "directory") visit(node);
      if (node.kind !== "file" || node.size === 0 || seen.has(node.checksum)) continue;
      seen.add(node.checksum);
      if (statIfExists(AT_FDCWD, objectFile(repo, node.checksum, "file")) === undefined) files.push(node.size);
    }
  };
  visit(tree);
  return files;
}

/** About what the dirtrees of a tree take. */
function dirtreeSizes({ children }: DirectoryNode): number[] {
  const below = [...children.values()].flatMap((node) => (node.kind === "directory" ? dirtreeSizes(node) : []));
  return [children.size * DIRTREE_ENTRY, ...below];
}

/** About what an entry of a dirtree takes, in bytes. */
const DIRTREE_ENTRY = 128;
