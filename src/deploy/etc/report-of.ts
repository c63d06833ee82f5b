import { type EtcReport } from "./report.ts";
import { findDeployment, loadHostState } from "../host-state.ts";
import { readEtcReport } from "./read-report.ts";
import type { Sysroot } from "../sysroot.ts";

/**
 * What the merge of `/etc` did when a deployment (index or id; without it the one that boots next) was made; undefined
 * when there was nothing to merge.
 * @throws AtomicError not-found, corrupt
 */
export function hostEtcReport(
  sysroot: Sysroot,
  { target = "0", commandLine }: { target?: string; commandLine?: string } = {},
): EtcReport | undefined {
  return readEtcReport(sysroot, findDeployment(loadHostState(sysroot, commandLine), target));
}
