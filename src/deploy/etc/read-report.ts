/** Reading back what the merge of a deployment's `/etc` did. */
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";
import type { DeploymentName } from "../deployment-id.ts";
import { type EtcReport, MAX_REPORT } from "./report.ts";
import { deploymentPath, type Sysroot } from "../sysroot.ts";

/** The report kept with a deployment; undefined when nothing was merged. @throws AtomicError corrupt */
export function readEtcReport(sysroot: Sysroot, name: DeploymentName): EtcReport | undefined {
  const path = join(deploymentPath(sysroot, name), "etc-report.json");
  let text: string;
  try {
    text = readFile(path, MAX_REPORT).toString("utf8");
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
  try {
    const report = JSON.parse(text) as Partial<EtcReport>;
    if (typeof report.from === "string" && Array.isArray(report.paths)) return report as EtcReport;
  } catch (cause) {
    throw new AtomicError("corrupt", `reading ${path}: not JSON`, { cause });
  }
  throw new AtomicError("corrupt", `reading ${path}: expected from and paths`);
}
