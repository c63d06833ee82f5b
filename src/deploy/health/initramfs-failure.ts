/** `atomic/boot-failure`: what `mount-root` of the initramfs left when it could not boot a deployment. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";
import { type DeploymentName, parseDeploymentKarg } from "../deployment-id.ts";
import type { Sysroot } from "../sysroot.ts";
import { oneLine } from "./boot-failure.ts";

export interface InitramfsFailure {
  name: DeploymentName;
  /** The step, and why it failed. */
  reason: string;
}

const MAX_SIZE = 64 * 1024;

/** The last failure of the initramfs; undefined when there was none, or when what is there is not from it. */
export function readInitramfsFailure(sysroot: Sysroot): InitramfsFailure | undefined {
  try {
    const [deployment = "", ...reason] = readFile(path(sysroot), MAX_SIZE).toString("utf8").split("\n");
    const name = parseDeploymentKarg(deployment);
    return name === undefined ? undefined : { name, reason: `initramfs: ${oneLine(reason.join(" "))}` };
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}

/** Removes it, once it is recorded elsewhere. */
export function removeInitramfsFailure(sysroot: Sysroot): void {
  if (!existsSync(path(sysroot))) return;
  sysroot.disk.unlink(path(sysroot));
  sysroot.disk.fsyncDirectory(join(sysroot.path, "atomic"));
}

function path(sysroot: Sysroot): string {
  return join(sysroot.path, "atomic/boot-failure");
}
