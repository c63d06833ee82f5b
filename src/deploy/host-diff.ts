import { toText } from "../bytes.ts";
import { compareVersions, hasKarg } from "../bootloader/index.ts";
import type { Checksum } from "../digest.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { diffCommits, readCommit, resolveRev } from "../ostree/index.ts";
import type { Packages } from "./dpkg-status.ts";
import type { Deployment } from "./deployment.ts";
import { bootedDeployment, findDeployment, type HostState, loadHostState } from "./host-state.ts";
import { imageKargs } from "./image-kargs.ts";
import { lazyTree } from "./lazy-tree.ts";
import type { Sysroot } from "./sysroot.ts";
import { treePackages } from "./tree-packages.ts";

export interface DiffSide {
  commit: Checksum;
  /** Absent for a commit that is not deployed. */
  id?: string;
  version: string | null;
  kargs: string[];
}
export interface PackageChange {
  name: string;
  change: "added" | "removed" | "upgraded" | "downgraded";
  before: string | null;
  after: string | null;
}
export interface HostDiff {
  from: DiffSide;
  to: DiffSide;
  /** Sorted by path. */
  files: { path: string; kind: "added" | "removed" | "modified" | "metadata" }[];
  /** Sorted by name. */
  packages: PackageChange[];
  kargs: { added: string[]; removed: string[] };
  /** Why the package list may be incomplete. */
  notes: string[];
}

export interface DiffOptions {
  /** Index, id, ref or commit; the booted deployment, else the rollback, without it. */
  from?: string;
  /** The same; what boots next without it. */
  to?: string;
  commandLine?: string;
}

/** What differs between two deployments or commits: files, packages, kernel arguments. @throws AtomicError not-found, conflict */
export function hostDiff(sysroot: Sysroot, options: DiffOptions = {}): HostDiff {
  const state = loadHostState(sysroot, options.commandLine);
  const from = options.from === undefined ? sideOf(defaultFrom(state)) : findSide(sysroot, state, options.from);
  const to = options.to === undefined ? sideOf(state.deployments[0]!) : findSide(sysroot, state, options.to);
  const [before, after] = [from, to].map(({ commit }) => treePackages(sysroot.repo, lazyTree(sysroot.repo, commit)));
  return {
    from,
    to,
    files: diffCommits(sysroot.repo, from.commit, to.commit).map(({ path, kind }) => ({ path: toText(path), kind })),
    packages: diffPackages(before!.packages, after!.packages),
    kargs: {
      added: to.kargs.filter((karg) => !hasKarg(from.kargs, karg)),
      removed: from.kargs.filter((karg) => !hasKarg(to.kargs, karg)),
    },
    notes: [...new Set([before!.note, after!.note].filter((note) => note !== undefined))],
  };
}

/** What changed between two package lists, sorted by name. */
export function diffPackages(before: Packages, after: Packages): PackageChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name): PackageChange[] => {
    const [old, now] = [before.get(name), after.get(name)];
    if (old === now) return [];
    if (old === undefined) return [{ name, change: "added", before: null, after: now! }];
    if (now === undefined) return [{ name, change: "removed", before: old, after: null }];
    return [{ name, change: compareVersions(old, now) < 0 ? "upgraded" : "downgraded", before: old, after: now }];
  });
}

function defaultFrom(state: HostState): Deployment {
  const booted = bootedDeployment(state);
  const from =
    booted !== undefined && state.deployments[0] !== booted
      ? booted
      : state.deployments.find(({ rollback }) => rollback);
  if (from !== undefined) return from;
  throw new AtomicError("conflict", "comparing deployments: expected two, found fewer", { hint: "atomic host status" });
}

function findSide(sysroot: Sysroot, state: HostState, text: string): DiffSide {
  try {
    return sideOf(findDeployment(state, text));
  } catch (error) {
    // A commit may be deployed more than once; it is one commit all the same.
    if (!isAtomicError(error, "not-found") && !isAtomicError(error, "usage")) throw error;
  }
  const commit = resolveRev(sysroot.repo, text);
  const { version } = readCommit(sysroot.repo, commit);
  return { commit, version: version ?? null, kargs: imageKargs(sysroot.repo, lazyTree(sysroot.repo, commit)) };
}

function sideOf({ id, commit, origin }: Deployment): DiffSide {
  return { commit, id, version: origin.version ?? null, kargs: origin.kargs };
}
