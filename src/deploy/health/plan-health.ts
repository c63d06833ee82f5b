/** Plans of what a boot teaches: deployments that never came up, this boot being good, or not. */
import { isSameDeployment } from "../deployment-id.ts";
import type { Deployment } from "../deployment.ts";
import type { HistoryEvent } from "../history-event.ts";
import { bootedDeployment, type HostState } from "../host-state.ts";
import type { Step } from "../plan.ts";
import { nameOf } from "../plan-deploy.ts";
import { specOf } from "../plan-reorder.ts";
import type { BootFailure } from "./boot-failure.ts";
import { failureReason, type Failures } from "./failure-reason.ts";

export interface Known {
  state: HostState;
  failures: Failures;
  /** Of the booted deployment's stateroot, oldest first. */
  events: readonly HistoryEvent[];
  /** Seconds since the epoch. */
  time: number;
}

/** Plans to note, once each, the deployments whose attempts are used up, and to take over what the initramfs left. */
export function planFallback({ state, failures, events, time }: Known): Step[] {
  const booted = bootedDeployment(state);
  if (booted === undefined) return [];
  const { initramfs } = failures;
  const early = state.deployments.find((other) => initramfs !== undefined && isSameDeployment(other, initramfs.name));
  const record: Step[] =
    early === undefined || early.booted
      ? []
      : [{ kind: "record-failure", deployment: nameOf(early), failure: silentFailure(early, initramfs!.reason, time) }];
  const failed = state.deployments.filter(
    (other) => other.failed && other.stateroot === booted.stateroot && !isNoted(events, other),
  );
  return [
    ...record,
    ...failed.map((deployment): Step => {
      const reason = failureReason(deployment, failures)!;
      const event: HistoryEvent = {
        time,
        action: "failed",
        from: deployment.id,
        to: booted.id,
        ...specOf(deployment),
        reason,
      };
      return { kind: "record-event", stateroot: booted.stateroot, event };
    }),
    ...(initramfs === undefined ? [] : [{ kind: "forget-initramfs-failure" } as const]),
  ];
}

/** Plans to mark the booted deployment good; nothing is left to do when it is marked. */
export function planBless({ state, failures, events, time }: Known): Step[] {
  const booted = bootedDeployment(state);
  if (booted === undefined) return [];
  const { id, stateroot } = booted;
  const counted = booted.entry?.counter !== undefined;
  const said = events.findLast((event) => event.to === id || event.from === id)?.action === "healthy";
  const event: HistoryEvent = { time, action: "healthy", to: id, ...specOf(booted) };
  return [
    ...(counted && !said ? [{ kind: "record-event", stateroot, event } as const] : []),
    ...(counted ? [{ kind: "bless", deployment: nameOf(booted) } as const] : []),
    ...(failures.recorded.has(id) ? [{ kind: "forget-failure", deployment: nameOf(booted) } as const] : []),
  ];
}

/** Plans to record that the booted deployment is not good. */
export function planRecordFailure(
  { state, failures, time }: Known,
  { boot, reason, output }: Pick<BootFailure, "boot" | "reason" | "output">,
): Step[] {
  const booted = bootedDeployment(state);
  if (booted === undefined) return [];
  const order = booted.entry?.order ?? 0;
  const before = failures.recorded.get(booted.id);
  const earlier = before?.order === order ? before.attempts : 0;
  const attempts = before?.boot === boot && earlier > 0 ? earlier : earlier + 1;
  return [
    { kind: "record-failure", deployment: nameOf(booted), failure: { time, reason, boot, order, attempts, output } },
  ];
}

/** One that happened before anything could count. */
function silentFailure({ entry }: Deployment, reason: string, time: number): BootFailure {
  return { time, reason, boot: "", order: entry?.order ?? 0, attempts: 0, output: "" };
}

/** True when the failure is the last that the history knows of the deployment. */
function isNoted(events: readonly HistoryEvent[], { id }: Deployment): boolean {
  const last = events.findLast((event) => event.to === id || event.from === id);
  return last?.action === "failed" && last.from === id;
}
