import { isSameDeployment } from "../deployment-id.ts";
import type { Deployment } from "../deployment.ts";
import type { BootFailure } from "./boot-failure.ts";
import type { InitramfsFailure } from "./initramfs-failure.ts";

/** What a host remembers of boots that were not good. */
export interface Failures {
  /** By id of the deployment. */
  recorded: ReadonlyMap<string, BootFailure>;
  initramfs?: InitramfsFailure;
}

const SILENT = "it did not come up, and nothing says why, as when init crashes or the kernel panics";

/** Why a deployment did not boot, or its last boot was not good; undefined when nothing is known against it. */
export function failureReason(deployment: Deployment, { recorded, initramfs }: Failures): string | undefined {
  const early = initramfs !== undefined && isSameDeployment(initramfs.name, deployment) ? initramfs.reason : undefined;
  return early ?? recorded.get(deployment.id)?.reason ?? (deployment.failed ? SILENT : undefined);
}
