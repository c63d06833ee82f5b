/** The host: sysroot, deployments, `/etc`, plans, rollback. */
export { changeKargs, type ChangeKargsOptions, hostKargs } from "./change-kargs.ts";
export { cleanup, type CleanupResult } from "./cleanup.ts";
export { deploy, type DeployOptions, rebase } from "./deploy.ts";
export { finalize } from "./finalize.ts";
export type { HistoryEvent } from "./history-event.ts";
export { hostHistory } from "./host-history.ts";
export { type DeploymentStatus, type HostStatus, hostStatus } from "./host-status.ts";
export { initHost } from "./init-host.ts";
export type { DeployResult, KargEdits } from "./make-deployment.ts";
export { setPinned } from "./pin.ts";
export { type ReorderOptions, type ReorderResult, rollback, undeploy } from "./rollback.ts";
export { openSysroot, type Sysroot } from "./sysroot.ts";
export { checkUpgrade, type Update, upgrade, type UpgradeOptions, type UpgradeResult } from "./upgrade.ts";
export { verifyHost, type VerifyReport } from "./verify-host.ts";
