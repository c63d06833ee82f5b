/** `REMOTE:REF` as what an operator names to deploy, and upgrades follow. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { AT_FDCWD, S_IFMT, S_IFREG, statIfExists } from "../linux/index.ts";
import {
  bundleRemote,
  fetchRef,
  type FetchPlan,
  findRemote,
  type DirectoryNode,
  objectFile,
  parseRefspec,
  readRemoteTip,
  type RegularNode,
  type RefName,
  type Remote,
  type RemoteTip,
} from "../ostree/index.ts";
import type { Progress } from "../progress.ts";
import { findKernel } from "./deployment-kernel.ts";
import { type Need, preflight } from "./preflight.ts";
import type { Sysroot } from "./sysroot.ts";

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

const BUNDLE = "bundle:";

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
    onPlan: (plan) => preflight(pullNeeds(sysroot, plan)),
  });
}

/** The checksum that a tip shows, for people: of a remote of another type it is no commit of ours. */
export function shownCommit(tip: RemoteTip): Checksum {
  return tip.commit ?? parseChecksum(tip.id);
}

/** Room for the objects, and for the kernel unless the store has all of it; nothing where the remote tells no sizes. */
export function pullNeeds(sysroot: Sysroot, { files, ...plan }: FetchPlan): Need[] {
  if (files === undefined) return [];
  const kernel = kernelSizes(sysroot, plan.tree());
  return [
    { path: sysroot.repo.path, files, inodes: 0 },
    ...(kernel.length === 0 ? [] : [{ path: sysroot.boot, files: kernel, inodes: 1 }]),
  ];
}

function kernelSizes(sysroot: Sysroot, tree: DirectoryNode): number[] {
  const { kernel, initramfs } = findKernel(tree);
  const files = initramfs === undefined ? [kernel] : [kernel, initramfs];
  const isHere = ({ checksum }: RegularNode): boolean => existsSync(objectFile(sysroot.repo, checksum, "file"));
  return files.every(isHere) ? [] : files.map(({ size }) => size);
}
