/** A container image as what an operator names to deploy, and upgrades follow. */
import { type Checksum, parseChecksum } from "../digest.ts";
import { imageTip, type ImageTip, pullHostImage } from "../oci/index.ts";
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
 * What `spec` names now, without pulling it. In place of the commit that an image which the store lacks will become stands
 * its manifest's digest, for people.
 * @throws AtomicError as `imageTip`
 */
export async function imageSpecTip(sysroot: Sysroot, spec: string): Promise<ImageTip & { commit: Checksum }> {
  const tip = await imageTip(sysroot.repo, spec);
  return { ...tip, commit: tip.commit ?? parseChecksum(tip.manifestDigest.slice("sha256:".length)) };
}
