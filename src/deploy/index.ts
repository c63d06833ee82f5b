/** The host: sysroot, deployments, `/etc`, plans, rollback; and composing the trees it deploys. */
export { changeKargs, type ChangeKargsOptions, hostKargs } from "./change-kargs.ts";
export { cleanup, type CleanupResult } from "./cleanup.ts";
export {
  compose,
  type ComposedTree,
  type ComposeOptions,
  composeTree,
  debianSources,
  loadComposeFile,
  machineAptSources,
} from "./compose/index.ts";
export { deploy, type DeployOptions, rebase } from "./deploy.ts";
export { type EtcChange, etcDiff } from "./etc/diff.ts";
export { etcLog, type EtcSnapshot } from "./etc/log.ts";
export type { EtcReport, ReportedPath } from "./etc/report.ts";
export { hostEtcReport } from "./etc/report-of.ts";
export { restoreEtc, type RestoreOptions } from "./etc/restore.ts";
export { finalize } from "./finalize.ts";
export { checkHealth, type HealthReport } from "./health/check-health.ts";
export { bless, giveUp, recordHealth } from "./health/judge-boot.ts";
export type { HistoryEvent } from "./history-event.ts";
export { type DiffOptions, type DiffSide, type HostDiff, hostDiff, type PackageChange } from "./host-diff.ts";
export { hostHistory } from "./host-history.ts";
export { type DeploymentStatus, type HostStatus, hostStatus } from "./host-status.ts";
export { initHost } from "./init-host.ts";
export {
  DISK_FORMATS,
  type DiskOptions,
  type DiskResult,
  type FilesystemOptions,
  type InstallOptions,
  installToDisk,
  installToFilesystem,
  parseSize,
} from "./install/index.ts";
export type { DeployResult, KargEdits } from "./make-deployment.ts";
export { machineFacts, type MachineFacts } from "./machine-facts.ts";
export { mountDeployment, type MountOptions, unmountDeployment } from "./mount-deployment.ts";
export { setPinned } from "./pin.ts";
export { checkCanReboot, reboot } from "./reboot.ts";
export { removeStateroot, type RemoveStaterootOptions } from "./reset/remove-stateroot.ts";
export { reset, type ResetOptions, type ResetPlan, type ResetResult } from "./reset/reset.ts";
export { type ReorderOptions, type ReorderResult, rollback, undeploy } from "./rollback.ts";
export { softReboot, type SoftRebootOptions } from "./soft-reboot.ts";
export { openSysroot, type Sysroot } from "./sysroot.ts";
export { isUnlocked, unlock, type UnlockOptions } from "./unlock.ts";
export { checkUpgrade, type Update, upgrade, type UpgradeOptions, type UpgradeResult } from "./upgrade.ts";
export { verifyHost, type VerifyReport } from "./verify-host.ts";
export { isHeldRef } from "./held-commit.ts";
