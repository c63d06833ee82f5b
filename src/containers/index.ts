/** Containers: what is asked for, the configuration made of it, networks, launch programs and state. */
export { cgroupProcesses } from "./cgroup/processes.ts";
export { readCgroupStats } from "./cgroup/stats.ts";
export { programWords } from "./configure/configure.ts";
export { parseRunFlags } from "./configure/run-arguments.ts";
export { type RawRunFlags, RUN_FLAGS, type RunFlag } from "./configure/run-flags.ts";
export { runOptions } from "./configure/run-options.ts";
export { copyFiles, type CopySide } from "./copy/copy-files.ts";
export { hasConsent, rememberConsent } from "./engine/consent.ts";
export { createNamed } from "./engine/create.ts";
export { containerChanges } from "./engine/diff.ts";
export { leaseOf, reloadNamed } from "./engine/network.ts";
export { execNamed, type ExecRequest } from "./engine/exec.ts";
export { forgetInstalled, isInstalled, noteInstalled } from "./engine/installed.ts";
export { followContainerLog, readContainerLog } from "./engine/container-log.ts";
export type { LogFrame } from "./engine/logs.ts";
export { containerNames, type Engine, openEngine } from "./engine/place.ts";
export { findNamed, listNamed, type NamedContainer, readNamed, runtimeRecord } from "./engine/record.ts";
export { pruneUnused } from "./engine/prune.ts";
export { renameContainer } from "./engine/rename.ts";
export { removeContainer } from "./engine/remove.ts";
export { finishContainer, startNamed } from "./engine/start.ts";
export { restartByPolicy, startedAtBoot } from "./engine/restart.ts";
export { settleContainer, settleEnded } from "./engine/settle.ts";
export { withUsersNetwork } from "./engine/user-limits.ts";
export { containerProcesses } from "./engine/top.ts";
export { isRunning, namedStatus } from "./engine/status.ts";
export { pauseNamed, signalContainer, stopContainer, waitForContainer } from "./engine/stop.ts";
export { expandLabel, type Variables } from "./labels/expand.ts";
export {
  findLabel,
  interpretLabel,
  type LabelCommand,
  LABEL_VERBS,
  type LabelVerb,
  SPC_WORDS,
} from "./labels/interpret.ts";
export { privilegesOf } from "./labels/privileges.ts";
export { labelVariables } from "./labels/variables.ts";
export { createNetwork, removeNetwork } from "./network/manage.ts";
export { networkStore, readNetworks } from "./network/network-store.ts";
export { formatSubnet } from "./network/subnet.ts";
export { enterUserNamespace } from "./rootless/enter.ts";
export { leaveUserNamespace } from "./rootless/leave.ts";
export { userPlace } from "./rootless/user-place.ts";
export { parseContainerId } from "./runtime/container-id.ts";
export { createContainer } from "./runtime/create.ts";
export { deleteContainer } from "./runtime/delete.ts";
export { execInContainer, type ExecOptions } from "./runtime/exec.ts";
export { runtimeFeatures } from "./runtime/features.ts";
export { hasAppArmor } from "./limits/security-modules.ts";
export { runHooks, runPoststop } from "./runtime/hooks.ts";
export { killContainer, parseSignal } from "./runtime/kill.ts";
export { pauseContainer } from "./runtime/pause.ts";
export { launchText } from "./runtime/launch-text.ts";
export { DEFAULT_STATE, listContainers, readRecord } from "./runtime/record.ts";
export { startContainer } from "./runtime/start.ts";
export { containerState } from "./runtime/state.ts";
export { updateContainer } from "./runtime/update.ts";
export { parseConfig, parseProcess, parseResources } from "./spec/config.ts";
export type { Resources } from "./spec/resources.ts";
export type { Process } from "./spec/process.ts";
