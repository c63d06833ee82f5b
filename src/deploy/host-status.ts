import type { Deployment } from "./deployment.ts";
import { failureReason, type Failures } from "./health/failure-reason.ts";
import { loadFailures } from "./health/load-failures.ts";
import { loadHostState } from "./host-state.ts";
import { stagedProblems } from "./staged-problems.ts";
import type { Sysroot } from "./sysroot.ts";
import { isUnlocked } from "./unlock.ts";

/** `atomic host status --json`. Scripts rely on it: fields are added, never changed. */
export interface HostStatus {
  apiVersion: "atomic/v1";
  kind: "HostStatus";
  /** What the next boot starts first. */
  deployments: DeploymentStatus[];
  /** What is wrong, one line each. */
  problems: string[];
}
export interface DeploymentStatus {
  index: number;
  /** `<commit>.<serial>`. */
  id: string;
  stateroot: string;
  commit: string;
  version: string | null;
  /** Of the commit, in seconds since the epoch. */
  timestamp: number;
  /** What upgrades follow. */
  origin: string;
  booted: boolean;
  staged: boolean;
  pending: boolean;
  rollback: boolean;
  pinned: boolean;
  /** Its `/usr` can be changed until the next reboot. */
  unlocked: boolean;
  signature: string;
  etcConflicts: number;
  kargs: string[];
  kernel: string;
  title: string;
  /** When it was deployed, in seconds since the epoch. */
  deployed: number;
  /** It does not boot, or what runs is not healthy and no attempt is left. */
  failed: boolean;
  /** Why its last boot was not good; null when nothing is known against it. */
  failure: string | null;
  /** Boot attempts left and made; null once it is known to boot, or when they are not counted. */
  bootCounter: { left: number; done: number } | null;
}

/**
 * The state of the host. Reads boot entries and the small files of each deployment only.
 * @param commandLine the kernel's; that of this machine without it
 * @param boot the kernel's id of this boot; that of this machine without it
 */
export function hostStatus(sysroot: Sysroot, commandLine?: string, boot?: string): HostStatus {
  const state = loadHostState(sysroot, commandLine);
  const problems = [...state.problems, ...stagedProblems(sysroot, state, boot)];
  const failures = loadFailures(sysroot, state.deployments);
  const shown = state.deployments.map(({ id, stateroot, origin, entry, ...states }, index): DeploymentStatus => ({
    index,
    id,
    stateroot,
    commit: states.commit,
    version: origin.version ?? null,
    timestamp: origin.timestamp,
    origin: origin.spec,
    booted: states.booted,
    staged: states.staged,
    pending: states.pending,
    rollback: states.rollback,
    pinned: origin.pinned,
    unlocked: states.booted && sysroot.running && isUnlocked(),
    signature: origin.signature,
    etcConflicts: origin.etc?.conflicts ?? 0,
    kargs: origin.kargs,
    kernel: origin.kernel,
    title: origin.title,
    deployed: origin.deployed,
    ...healthOf({ id, stateroot, origin, ...(entry === undefined ? {} : { entry }), ...states }, failures),
    bootCounter: entry?.counter === undefined ? null : { left: entry.counter.left, done: entry.counter.done },
  }));
  return { apiVersion: "atomic/v1", kind: "HostStatus", deployments: shown, problems };
}

function healthOf(deployment: Deployment, failures: Failures): Pick<DeploymentStatus, "failed" | "failure"> {
  const failure = failureReason(deployment, failures) ?? null;
  const left = deployment.entry?.counter?.left ?? 0;
  const givenUp = deployment.booted && failure !== null && left === 0;
  return { failed: deployment.failed || givenUp, failure };
}
