/** A container image as what an operator names to deploy, and upgrades follow. */
import { type Checksum, parseChecksum } from "../digest.ts";
import { imageManifest, imageTip, pullHostImage } from "../oci/index.ts";
import type { Progress } from "../progress.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * Pulls the host image that `spec` names, which is one or two requests when the store has it.
 * @returns its commit and who vouches for it
 * @throws AtomicError as `pullHostImage`
 */
export async function pullImageSpec(
  sysroot: Sysroot,
  spec: string,
  { progress }: { progress?: Progress },
): Promise<{ commit: Checksum; signature: string }> {
  const { commit, signature } = await pullHostImage(sysroot.repo, {
    reference: spec,
    ...(progress === undefined ? {} : { progress }),
  });
  return { commit, signature };
}

/**
 * What `spec` names now, without pulling it: `current` where that is this image, else the manifest's digest, for people.
 * @throws AtomicError as `imageTip`
 */
export async function imageSpecTip(
  sysroot: Sysroot,
  spec: string,
  current: Checksum,
): Promise<{ commit: Checksum; signature?: string }> {
  const digest = await imageTip(sysroot.repo, spec);
  const isCurrent = imageManifest(sysroot.repo, current) === digest;
  return { commit: isCurrent ? current : parseChecksum(digest.slice("sha256:".length)) };
}
