import { existsSync } from "node:fs";
import { join } from "node:path";
import { kargValues } from "../bootloader/index.ts";
import { type Checksum, createHasher } from "../digest.ts";
import { isAtomicError } from "../errors.ts";
import { close, isKernelError, O_NOFOLLOW, O_RDONLY, open, read } from "../linux/index.ts";
import { readCommit, signerOfCommit } from "../ostree/index.ts";
import { createVerityHasher } from "../verity.ts";
import { bootEntryId } from "./deployment-id.ts";
import { IMAGE_KARG, withoutDeploymentKargs } from "./deployment-kargs.ts";
import type { Deployment } from "./deployment.ts";
import { loadHostState } from "./host-state.ts";
import { remoteSpec } from "./remote-spec.ts";
import { deploymentPath, type Sysroot } from "./sysroot.ts";

export interface VerifyReport {
  /** How many deployments were looked at. */
  deployments: number;
  /** Who vouches for each deployment, in boot order. */
  signatures: { id: string; signature: string }[];
  /** What is wrong; empty when all is well. */
  defects: { id: string; what: string; hint?: string }[];
}

const CHUNK = 1024 * 1024;

/**
 * Checks of every deployment what the boot relies on: its image against its commit, its kernel against its name, its
 * boot entry. The objects of the store are checked by `fsck`.
 */
export function verifyHost(sysroot: Sysroot, commandLine?: string): VerifyReport {
  const { deployments, problems } = loadHostState(sysroot, commandLine);
  const defects = deployments.flatMap((deployment) =>
    [
      ...imageDefects(sysroot, deployment),
      ...kernelDefects(sysroot, deployment),
      ...directoryDefects(sysroot, deployment),
      ...signatureDefects(sysroot, deployment),
    ].map((defect) => ({ id: deployment.id, ...defect })),
  );
  const signatures = deployments.map(({ id, origin }) => ({ id, signature: origin.signature }));
  return {
    deployments: deployments.length,
    signatures,
    defects: [...problems.map((what) => ({ id: "", what })), ...defects],
  };
}

type Defect = { what: string; hint?: string };

/** What is wrong with a deployment's image, against the digest in its commit. */
export function imageDefects(sysroot: Sysroot, deployment: Deployment): Defect[] {
  const hint = `atomic host deploy ${deployment.commit}`;
  const path = join(deploymentPath(sysroot, deployment), "image");
  try {
    const expected = readCommit(sysroot.repo, deployment.commit).image;
    const verity = createVerityHasher();
    readChunks(path, (chunk) => verity.update(chunk));
    const found = verity.digest();
    return found === expected ? [] : [{ what: `image: expected digest ${expected}, found ${found}`, hint }];
  } catch (error) {
    return [{ what: `image: ${defectText(error)}`, hint }];
  }
}

function kernelDefects(sysroot: Sysroot, { origin, stateroot, entry, ...deployment }: Deployment): Defect[] {
  if (entry === undefined) return [];
  const hint = `atomic host deploy ${deployment.commit}`;
  try {
    const hasher = createHasher();
    for (const file of [entry.linux, ...entry.initrd])
      readChunks(join(sysroot.boot, file), (chunk) => hasher.update(chunk));
    const found: Checksum = hasher.digest();
    const named = entry.linux.startsWith(`atomic/${stateroot}-${origin.bootChecksum}/`);
    if (!named)
      return [{ what: `kernel: boot entry ${bootEntryId({ stateroot, ...deployment })} names ${entry.linux}`, hint }];
    const expected = origin.bootChecksum;
    return found === expected ? [] : [{ what: `kernel: expected checksum ${expected}, found ${found}`, hint }];
  } catch (error) {
    return [{ what: `kernel: ${defectText(error)}`, hint }];
  }
}

function directoryDefects(sysroot: Sysroot, deployment: Deployment): Defect[] {
  const missing = existsSync(join(deploymentPath(sysroot, deployment), "etc")) ? [] : [{ what: "etc: it is missing" }];
  return [...missing, ...kargDefects(deployment)];
}

/** Entries of an older atomic name no image; the initramfs then takes it as it is. */
function kargDefects({ entry, origin }: Deployment): Defect[] {
  if (entry === undefined) return [];
  const [kargs, recorded] = [withoutDeploymentKargs(entry.kargs).join(" "), origin.kargs.join(" ")];
  const image = kargValues(entry.kargs, IMAGE_KARG).at(-1) ?? origin.image;
  return [
    ...(kargs === recorded ? [] : [{ what: `boot entry: expected kernel arguments '${recorded}', found '${kargs}'` }]),
    ...(image === origin.image ? [] : [{ what: `boot entry: expected image ${origin.image}, found ${image}` }]),
  ];
}

/** Whether a key that the remote's settings still accept signed it. */
function signatureDefects(sysroot: Sysroot, { origin, commit }: Deployment): Defect[] {
  const remote = remoteSpec(sysroot, origin.spec)?.remote;
  if (remote === undefined || remote.insecure || remote.type !== "atomic") return [];
  try {
    if (signerOfCommit(sysroot.repo, commit, remote.keys) !== undefined) return [];
    return [{ what: `signature: no accepted key of remote ${remote.name} signed it`, hint: "atomic remote list" }];
  } catch (error) {
    return [{ what: `signature: ${defectText(error)}`, hint: `atomic repo fsck --repo ${sysroot.repo.path}` }];
  }
}

function readChunks(path: string, take: (chunk: Uint8Array) => void): void {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) take(buffer.subarray(0, count));
  } finally {
    close(fd);
  }
}

function defectText(error: unknown): string {
  if (isAtomicError(error) || isKernelError(error)) return error.message;
  throw error;
}
