/** `REMOTE:REF` as what an operator names to deploy, and upgrades follow. */
import { resolve } from "node:path";
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { AT_FDCWD, S_IFMT, S_IFREG, statIfExists } from "../linux/index.ts";
import {
  bundleRemote,
  fetchRef,
  type FetchPlan,
  findRemote,
  loadTree,
  parseRefspec,
  readCommit,
  readRemoteTip,
  type RefName,
  type Remote,
  type RemoteTip,
} from "../ostree/index.ts";
import type { Progress } from "../progress.ts";
import { findKernel } from "./deployment-kernel.ts";
import { diffPackages, type PackageChange } from "./host-diff.ts";
import { lazyTree } from "./lazy-tree.ts";
import { type Need, preflight } from "./preflight.ts";
import type { Sysroot } from "./sysroot.ts";
import { packageDatabase, treePackages } from "./tree-packages.ts";

export interface RemoteSpec {
  remote: Remote;
  ref: RefName;
  /** A file of its publisher to read in its place. */
  bundle?: string;
}

export interface RemoteOptions {
  allowDowngrade?: boolean;
  progress?: Progress;
}

/** What a pull would take. Bytes, and numbers of files. */
export interface Cost {
  /** To be transferred. */
  download: number;
  /** To be stored, and in how many objects. */
  disk: number;
  objects: number;
  /** For a kernel in the boot directory; 0 when the store has that kernel already. */
  boot: number;
  /** What the publisher says of the commit. */
  subject: string;
  /** What would change beside the present commit, sorted by name. */
  packages: PackageChange[];
}

const BUNDLE = "bundle:";

/** Ends a pull that was only to be planned. */
class Planned extends Error {}

/** The bundle at `path`; undefined when that is no regular file. */
export function bundleAt(path: string): string | undefined {
  const isFile = ((statIfExists(AT_FDCWD, path)?.mode ?? 0) & S_IFMT) === S_IFREG;
  return isFile ? resolve(path) : undefined;
}

/** The remote and ref that a spec names; undefined when the part before the colon names no remote of this host. */
export function remoteSpec(sysroot: Sysroot, spec: string, bundle?: string): RemoteSpec | undefined {
  const remote = /^[^:/]+(?=:)/.test(spec) ? findRemote(sysroot.repo, spec.slice(0, spec.indexOf(":"))) : undefined;
  if (remote === undefined) return undefined;
  return { remote, ref: parseRefspec(spec)!.ref, ...(bundle === undefined ? {} : { bundle }) };
}

/** `bundle:FILE` as the `REMOTE:REF` it stands for; undefined for another spec. @throws AtomicError untrusted, invalid */
export async function bundleSpec(
  sysroot: Sysroot,
  spec: string,
): Promise<{ spec: string; bundle: string } | undefined> {
  if (!spec.startsWith(BUNDLE) || remoteSpec(sysroot, spec) !== undefined) return undefined;
  const bundle = resolve(spec.slice(BUNDLE.length));
  const { remote, refs } = await bundleRemote(sysroot.repo, bundle);
  const [ref] = refs;
  if (ref !== undefined && refs.length === 1) return { spec: `${remote.name}:${ref}`, bundle };
  throw new AtomicError("invalid", `reading ${bundle}: expected one ref, found ${refs.length}`);
}

/** What the ref names now. @throws AtomicError not-found, network, untrusted, conflict */
export async function remoteTip(
  sysroot: Sysroot,
  { remote, ref, ...from }: RemoteSpec,
  { allowDowngrade = false }: RemoteOptions,
): Promise<RemoteTip> {
  return readRemoteTip(sysroot.repo, remote, { ref, allowDowngrade, ...from });
}

/**
 * Pulls what the ref names.
 * @returns the commit and who vouches for it
 * @throws AtomicError no-space before any file is fetched, untrusted, network, not-found, invalid, corrupt, locked
 */
export async function pullRemote(
  sysroot: Sysroot,
  { remote, ref, ...from }: RemoteSpec,
  { allowDowngrade = false, progress }: RemoteOptions,
): Promise<{ commit: Checksum; signature: string }> {
  return fetchRef(sysroot.repo, remote, {
    ref,
    allowDowngrade,
    ...from,
    ...(progress === undefined ? {} : { progress }),
    onPlan: (plan) => preflight(needs(sysroot, plan)),
  });
}

/**
 * What `pullRemote` would take and change; fetches the commit's dirtrees and package list, which a pull then need not.
 * @param current the commit to compare with
 * @throws AtomicError as `pullRemote` does
 */
export async function remoteCost(
  sysroot: Sysroot,
  { remote, ref, ...from }: RemoteSpec,
  { allowDowngrade = false, current }: RemoteOptions & { current: Checksum },
): Promise<Cost> {
  let cost: Cost = { download: 0, disk: 0, objects: 0, boot: 0, subject: "", packages: [] };
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  try {
    await fetchRef(sysroot.repo, remote, {
      ref,
      allowDowngrade,
      ...from,
      async onPlan(plan) {
        const boot = needs(sysroot, plan).filter(({ path }) => path === sysroot.boot);
        const { download, files } = plan;
        cost = {
          download,
          disk: sum(files),
          objects: files.length,
          boot: sum(boot.flatMap((need) => need.files)),
          ...(await contents(sysroot, plan, current)),
        };
        throw new Planned();
      },
    });
  } catch (error) {
    if (!(error instanceof Planned)) throw error;
  }
  return cost;
}

/** What the publisher says of the planned commit, and its packages; of the files only their list is fetched. */
async function contents(
  sysroot: Sysroot,
  { repo, commit, bring }: FetchPlan,
  current: Checksum,
): Promise<Pick<Cost, "subject" | "packages">> {
  if (repo === undefined || commit === undefined) return { subject: "", packages: [] };
  const tree = lazyTree(repo, commit);
  const database = packageDatabase(tree);
  if (database !== undefined) await bring?.([database.checksum]);
  const before = treePackages(sysroot.repo, lazyTree(sysroot.repo, current));
  const packages = diffPackages(before.packages, treePackages(repo, tree).packages);
  return { subject: readCommit(repo, commit).subject, packages };
}

/** The checksum that a tip shows, for people: of a remote of another type it is no commit of ours. */
export function shownCommit(tip: RemoteTip): Checksum {
  return tip.commit ?? parseChecksum(tip.id);
}

/** Room for the objects, and for the kernel unless all of it is in the store already. */
function needs(sysroot: Sysroot, { files, commit, repo }: FetchPlan): Need[] {
  const objects: Need = { path: sysroot.repo.path, files, inodes: 0 };
  if (repo === undefined || commit === undefined) return [objects];
  const { kernel, initramfs } = findKernel(loadTree(repo, commit));
  const sizes = [kernel.size, ...(initramfs === undefined ? [] : [initramfs.size])];
  const isNew = sizes.some((size) => files.includes(size));
  return isNew ? [objects, { path: sysroot.boot, files: sizes, inodes: 1 }] : [objects];
}
