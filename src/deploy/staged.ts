/** `atomic/staged.json`: the deployment that is complete but for its boot entry, which finalizing writes at shutdown. */
import { join } from "node:path";
import { AtomicError } from "../errors.ts";
import { isKernelError, readFile } from "../linux/index.ts";
import { bootId } from "./boot-id.ts";
import { deploymentId, type DeploymentName, parseDeploymentKarg } from "./deployment-id.ts";
import { forgetFinalizeFailure } from "./finalize-failure.ts";
import type { Sysroot } from "./sysroot.ts";

export interface Staged {
  name: DeploymentName;
  /** The kernel's id of the boot in which it was staged; absent when it was not the running machine that was changed. */
  boot?: string;
}

const MAX_SIZE = 4096;

/** What is staged, if anything; that it has a boot entry by now means that finalizing was cut short. @throws AtomicError corrupt */
export function readStaged(sysroot: Sysroot): Staged | undefined {
  const path = stagedPath(sysroot);
  let text: string;
  try {
    text = readFile(path, MAX_SIZE).toString("utf8");
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
  const staged = parseStaged(text);
  if (staged === undefined) {
    throw new AtomicError(
      "corrupt",
      `reading ${path}: expected a deployment, found ${JSON.stringify(text.slice(0, 80))}`,
      {
        hint: `rm ${path}`,
      },
    );
  }
  return staged;
}

/** Stages a deployment, durably: this is the commit point of staging. */
export function writeStaged(sysroot: Sysroot, name: DeploymentName): void {
  forgetFinalizeFailure(sysroot);
  const boot = sysroot.running ? { boot: bootId() } : {};
  const text = `${JSON.stringify({ deployment: `${name.stateroot}/${deploymentId(name)}`, ...boot })}\n`;
  sysroot.disk.replaceFile(stagedPath(sysroot), Buffer.from(text), 0o644);
}

/** Forgets what was staged; its directory becomes a leftover unless it has a boot entry. */
export function clearStaged(sysroot: Sysroot): void {
  if (readStaged(sysroot) === undefined) return;
  sysroot.disk.unlink(stagedPath(sysroot));
  sysroot.disk.fsyncDirectory(join(sysroot.path, "atomic"));
  forgetFinalizeFailure(sysroot);
}

function stagedPath(sysroot: Sysroot): string {
  return join(sysroot.path, "atomic/staged.json");
}

function parseStaged(text: string): Staged | undefined {
  try {
    const { deployment, boot } = JSON.parse(text) as { deployment?: unknown; boot?: unknown };
    const name = typeof deployment === "string" ? parseDeploymentKarg(deployment) : undefined;
    return name === undefined ? undefined : { name, ...(typeof boot === "string" ? { boot } : {}) };
  } catch {
    return undefined;
  }
}
