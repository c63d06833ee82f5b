/** The plan of a new deployment. */
import type { Deployment } from "./deployment.ts";
import { bootedDeployment, type HostState } from "./host-state.ts";
import { type DeploymentName, deploymentId, isSameDeployment, type Stateroot } from "./deployment-id.ts";
import type { Checksum } from "../digest.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { NewOrigin, Step } from "./plan.ts";
import { applyRetention, retained, withFirst } from "./retention.ts";

export interface DeployTarget {
  stateroot: Stateroot;
  commit: Checksum;
  origin: NewOrigin;
  action: HistoryEvent["action"];
  reason?: string;
  /** Keep at least so many deployments of the stateroot. */
  retain: number;
  /** Do not change what boots yet: finalizing does, at shutdown. */
  stage?: boolean;
  /** What a new stateroot takes from another one's deployment. */
  carry?: { from: DeploymentName; paths: string[] };
  /** Leave the other deployments alone, whatever retention says. */
  keepOld?: boolean;
}

/** Plans a new deployment that boots next. */
export function planDeploy(state: HostState, target: DeployTarget): { deployment: DeploymentName; steps: Step[] } {
  const { stateroot, commit, origin } = target;
  const deployment = { stateroot, commit, serial: nextSerial(state, stateroot, commit) };
  const source = mergeSource(state, stateroot);
  const mergeFrom = source === undefined ? {} : { mergeFrom: nameOf(source) };
  const before = state.deployments.find((other) => other.stateroot === stateroot && !other.staged);
  const event: HistoryEvent = {
    time: origin.deployed,
    action: target.stage === true ? "stage" : target.action,
    ...(before === undefined ? {} : { from: before.id }),
    to: deploymentId(deployment),
    spec: origin.spec,
    ...(origin.version === undefined ? {} : { version: origin.version }),
    ...(target.reason === undefined ? {} : { reason: target.reason }),
  };

  const listed = retained(state).filter((_, index) => !state.deployments[index]!.staged);
  const staged = state.deployments.filter(({ staged }) => staged).map(nameOf);
  const fresh = { ...deployment, booted: false, pinned: origin.pinned, failed: false, good: false };
  const retain = target.keepOld === true ? Infinity : target.retain;
  const { keep, drop } = applyRetention({ order: withFirst(listed, fresh), stateroot, retain });
  const leftovers = state.leftovers.filter((name) => !isSameDeployment(name, deployment));
  const reused = state.leftovers.filter((name) => isSameDeployment(name, deployment));

  const write: Step[] = [
    ...reused.map((name): Step => ({ kind: "remove-deployment", deployment: name })),
    { kind: "hold-commit", deployment },
    { kind: "install-kernel", deployment },
    { kind: "write-deployment", deployment, origin, ...mergeFrom },
    ...(target.carry === undefined ? [] : [{ kind: "carry-over", deployment, ...target.carry } as const]),
  ];
  const record: Step = { kind: "record-event", stateroot, event };
  if (target.stage === true) {
    return {
      deployment,
      steps: [...write, { kind: "stage", deployment }, record, ...removals([...staged, ...leftovers])],
    };
  }
  const commitPoint: Step[] = [{ kind: "switch-boot", order: keep }, ...unstage(state)];
  return { deployment, steps: [...write, ...commitPoint, record, ...removals([...drop, ...staged, ...leftovers])] };
}

/** The deployment whose live `/etc` a new one of the stateroot starts from: the booted one, else the one that boots next. */
export function mergeSource(state: HostState, stateroot: Stateroot): Deployment | undefined {
  const booted = bootedDeployment(state);
  if (booted?.stateroot === stateroot) return booted;
  return state.deployments.find((deployment) => deployment.stateroot === stateroot && !deployment.staged);
}

/** The deployment that boots next in a stateroot, staged ones included: what kernel arguments and origin follow. */
export function nextOf(state: HostState, stateroot: Stateroot): Deployment | undefined {
  return state.deployments.find((deployment) => deployment.stateroot === stateroot);
}

/** Forgets what is staged, also when it was finalized already and that was cut short. */
export function unstage({ staged }: HostState): Step[] {
  return staged === undefined ? [] : [{ kind: "unstage" }];
}

/** What removes deployments that no longer boot, and what only they needed. */
export function removals(names: readonly DeploymentName[]): Step[] {
  if (names.length === 0) return [];
  const removed = names.map((deployment): Step => ({ kind: "remove-deployment", deployment }));
  return [...removed, { kind: "collect-kernels" }, { kind: "release-commits" }];
}

/** Only what identifies a deployment. */
export function nameOf({ stateroot, commit, serial }: DeploymentName): DeploymentName {
  return { stateroot, commit, serial };
}

function nextSerial(state: HostState, stateroot: Stateroot, commit: Checksum): number {
  const serials = [...state.deployments, ...state.damaged]
    .filter((other) => other.stateroot === stateroot && other.commit === commit)
    .map(({ serial }) => serial);
  return Math.max(-1, ...serials) + 1;
}
