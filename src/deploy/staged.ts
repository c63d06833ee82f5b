/** `atomic/staged.json`: the deployment that is complete but for its boot entry, which finalizing writes at shutdown. */
import { join } from "node:path";
import { AtomicError } from "../errors.ts";
import { isKernelError, readFile } from "../linux/index.ts";
import { deploymentId, type DeploymentName, parseDeploymentKarg } from "./deployment-id.ts";
import type { Sysroot } from "./sysroot.ts";

const MAX_SIZE = 4096;

/** The staged deployment, if any. @throws AtomicError corrupt */
export function readStaged(sysroot: Sysroot): DeploymentName | undefined {
  const path = stagedPath(sysroot);
  let text: string;
  try {
    text = readFile(path, MAX_SIZE).toString("utf8");
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
  const name = parseStaged(text);
  if (name === undefined) {
    throw new AtomicError(
      "corrupt",
      `reading ${path}: expected a deployment, found ${JSON.stringify(text.slice(0, 80))}`,
      {
        hint: `rm ${path}`,
      },
    );
  }
  return name;
}

/** Stages a deployment, durably: this is the commit point of staging. */
export function writeStaged(sysroot: Sysroot, name: DeploymentName): void {
  const text = `${JSON.stringify({ deployment: `${name.stateroot}/${deploymentId(name)}` })}\n`;
  sysroot.disk.replaceFile(stagedPath(sysroot), Buffer.from(text), 0o644);
}

/** Forgets what was staged; its directory becomes a leftover. */
export function clearStaged(sysroot: Sysroot): void {
  if (readStaged(sysroot) === undefined) return;
  sysroot.disk.unlink(stagedPath(sysroot));
  sysroot.disk.fsyncDirectory(join(sysroot.path, "atomic"));
}

function stagedPath(sysroot: Sysroot): string {
  return join(sysroot.path, "atomic/staged.json");
}

function parseStaged(text: string): DeploymentName | undefined {
  try {
    const { deployment } = JSON.parse(text) as { deployment?: unknown };
    return typeof deployment === "string" ? parseDeploymentKarg(deployment) : undefined;
  } catch {
    return undefined;
  }
}
