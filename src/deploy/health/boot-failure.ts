/** `failure.json` of a deployment: why its last boot was not good. It goes when the deployment is known to boot. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";
import type { DeploymentName } from "../deployment-id.ts";
import { deploymentPath, type Sysroot } from "../sysroot.ts";

export interface BootFailure {
  /** Seconds since the epoch. */
  time: number;
  /** One line, for people: the check and how it ended, or the step of the initramfs. */
  reason: string;
  /** The kernel's id of the boot that failed; empty when it is not known. */
  boot: string;
  /** ORDER of the boot entry; another one means that counting began anew. */
  order: number;
  /** Boots that failed since then, as far as the host came up to see it. */
  attempts: number;
  /** The last lines of the check. */
  output: string;
}

const MAX_SIZE = 64 * 1024;
const MAX_REASON = 500;

/** The recorded failure; what is not a record is none. */
export function readFailure(sysroot: Sysroot, name: DeploymentName): BootFailure | undefined {
  try {
    return parseFailure(readFile(failurePath(sysroot, name), MAX_SIZE).toString("utf8"));
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Records a failure, durably. */
export function writeFailure(sysroot: Sysroot, name: DeploymentName, failure: BootFailure): void {
  const text = `${JSON.stringify({ ...failure, reason: oneLine(failure.reason) })}\n`;
  sysroot.disk.replaceFile(failurePath(sysroot, name), Buffer.from(text), 0o644);
}

/** Forgets the failure of a deployment, if there is one. */
export function removeFailure(sysroot: Sysroot, name: DeploymentName): void {
  const path = failurePath(sysroot, name);
  if (!existsSync(path)) return;
  sysroot.disk.unlink(path);
  sysroot.disk.fsyncDirectory(dirname(path));
}

/** `text` on one line of a length that a table or the history takes. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON - 1)}…` : line;
}

function failurePath(sysroot: Sysroot, name: DeploymentName): string {
  return join(deploymentPath(sysroot, name), "failure.json");
}

function parseFailure(text: string): BootFailure | undefined {
  let value: Partial<Record<keyof BootFailure, unknown>> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  const { time, reason, boot, order, attempts, output } = value ?? {};
  const whole =
    [time, order, attempts].every(Number.isSafeInteger) &&
    [reason, boot, output].every((field) => typeof field === "string");
  return whole ? ({ time, reason, boot, order, attempts, output } as BootFailure) : undefined;
}
