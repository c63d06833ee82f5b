import type { Deployment } from "../deployment.ts";
import type { Sysroot } from "../sysroot.ts";
import { readFailure } from "./boot-failure.ts";
import type { Failures } from "./failure-reason.ts";
import { readInitramfsFailure } from "./initramfs-failure.ts";

/** Reads what is recorded of these deployments, and what the initramfs left. */
export function loadFailures(sysroot: Sysroot, deployments: readonly Deployment[]): Failures {
  const recorded = deployments.flatMap((deployment) => {
    const failure = readFailure(sysroot, deployment);
    return failure === undefined ? [] : [[deployment.id, failure] as const];
  });
  const initramfs = readInitramfsFailure(sysroot);
  return { recorded: new Map(recorded), ...(initramfs === undefined ? {} : { initramfs }) };
}
