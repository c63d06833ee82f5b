/** Which deployment this machine runs. */
import { readFileSync } from "node:fs";
import { kargValues, parseKargs } from "../bootloader/index.ts";
import { readMounts } from "../linux/index.ts";
import { DEPLOYMENT_KARG, type DeploymentName, parseDeploymentKarg } from "./deployment-id.ts";
import type { Sysroot } from "./sysroot.ts";

/** What the root of a deployment is called among the mounts: this, `<stateroot>/` and the id. */
export const MOUNT_SOURCE = "atomic:";

/** What the root says that it is; else the kernel's command line, which a soft reboot leaves as it was. */
export function runningDeployment({ running }: Sysroot): DeploymentName | undefined {
  if (!running) return undefined;
  const source = readMounts().findLast(({ path }) => path === "/")?.source ?? "";
  if (source.startsWith(MOUNT_SOURCE)) return parseDeploymentKarg(source.slice(MOUNT_SOURCE.length));
  return namedDeployment(readFileSync("/proc/cmdline", "latin1"));
}

/** The deployment that a kernel command line names. */
export function namedDeployment(commandLine: string): DeploymentName | undefined {
  const value = kargValues(parseKargs(commandLine.trim()), DEPLOYMENT_KARG).at(-1);
  return value === undefined ? undefined : parseDeploymentKarg(value);
}
