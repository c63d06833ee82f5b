/** Reading and replacing the `origin.json` of a deployment. */
import { join } from "node:path";
import { readFile } from "../linux/index.ts";
import type { DeploymentName } from "./deployment-id.ts";
import { formatOrigin, MAX_ORIGIN, type Origin, parseOrigin } from "./origin.ts";
import { deploymentPath, type Sysroot } from "./sysroot.ts";

/** The origin of a deployment. @throws AtomicError not-found, corrupt, unsupported */
export function readOrigin(sysroot: Sysroot, name: DeploymentName): Origin {
  const path = originPath(sysroot, name);
  return parseOrigin(readFile(path, MAX_ORIGIN).toString("utf8"), path);
}

/** Gives a deployment another origin, durably. */
export function writeOrigin(sysroot: Sysroot, name: DeploymentName, origin: Origin): void {
  sysroot.disk.replaceFile(originPath(sysroot, name), Buffer.from(formatOrigin(origin)), 0o644);
}

function originPath(sysroot: Sysroot, name: DeploymentName): string {
  return join(deploymentPath(sysroot, name), "origin.json");
}
