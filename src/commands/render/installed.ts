import type { DeployResult } from "../../deploy/index.ts";
import { short } from "./commits.ts";
import { printable } from "./printable.ts";

/** A host that was installed, and what starts it. */
export function renderInstalled({ id, version, kargs }: DeployResult, target: string): string {
  const what = version === undefined ? short(id) : `${printable(version)} (${short(id)})`;
  return [`installed ${what} to ${printable(target)}`, `kernel arguments: ${printable(kargs.join(" "))}`].join("\n");
}
