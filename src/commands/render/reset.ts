/** A factory reset: what is kept, and the way back. */
import type { ResetPlan, ResetResult } from "../../deploy/index.ts";
import { renderDeployed } from "./deployed.ts";
import { printable } from "./printable.ts";
import type { View } from "./status.ts";

/** What a reset keeps, and where the rest stays. */
export function renderResetPlan({ from, to, kargs, kept }: ResetPlan): string {
  return [
    `factory reset of stateroot ${from}; the next boot has stateroot ${to}`,
    `kept: ${["kernel arguments", ...kept].map(printable).join(", ")}`,
    ...(kargs.length === 0 ? [] : [`  kernel arguments: ${printable(kargs.join(" "))}`]),
    `left behind in stateroot ${from}: all else of /etc and /var`,
  ].join("\n");
}

/** A reset that was made, or would be. */
export function renderReset(result: ResetResult, view: View): string {
  const { from, deployment } = result;
  const after = [
    "to return: atomic host rollback --to 1",
    `to remove what is left behind, after the reboot: atomic host undeploy INDEX, then atomic host remove-stateroot ${from}`,
  ];
  return [renderResetPlan(result), renderDeployed(deployment, view), ...(deployment.dryRun ? [] : after)].join("\n");
}
