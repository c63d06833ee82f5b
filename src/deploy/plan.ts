/**
 * The steps that change a host, as plain data: planned by pure functions, printed by `--dry-run`, carried out by
 * `applyPlan` in this order. Up to the one that changes what boots nothing the host uses is touched; what is no longer
 * needed goes after it.
 */
import { type DeploymentName, shortId, type Stateroot } from "./deployment-id.ts";
import type { BootFailure } from "./health/boot-failure.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { Origin } from "./origin.ts";

/** What is known of a deployment's origin before it is written. */
export type NewOrigin = Omit<Origin, "image" | "kernel" | "bootChecksum" | "etc">;

export type Step =
  /** Keep the commit's objects from being pruned. */
  | { kind: "hold-commit"; deployment: DeploymentName }
  | { kind: "install-kernel"; deployment: DeploymentName }
  /** `mergeFrom`: the deployment whose live `/etc` is merged in. */
  | { kind: "write-deployment"; deployment: DeploymentName; origin: NewOrigin; mergeFrom?: DeploymentName }
  /** `paths`: absolute, below `/etc` and `/var` of the deployment `from`. */
  | { kind: "carry-over"; deployment: DeploymentName; from: DeploymentName; paths: string[] }
  | { kind: "merge-etc-again"; deployment: DeploymentName; mergeFrom: DeploymentName }
  /** A commit point: the deployment is finalized at shutdown. */
  | { kind: "stage"; deployment: DeploymentName }
  /** A commit point: the first of `order` is what the next boot starts. */
  | { kind: "switch-boot"; order: DeploymentName[] }
  | { kind: "unstage" }
  | { kind: "set-pinned"; deployment: DeploymentName; pinned: boolean }
  | { kind: "record-event"; stateroot: Stateroot; event: HistoryEvent }
  /** Its boot was not good. */
  | { kind: "record-failure"; deployment: DeploymentName; failure: BootFailure }
  | { kind: "forget-failure"; deployment: DeploymentName }
  | { kind: "forget-initramfs-failure" }
  /** Take the boot counter off: it is known to boot. */
  | { kind: "bless"; deployment: DeploymentName }
  | { kind: "remove-deployment"; deployment: DeploymentName }
  | { kind: "collect-kernels" }
  /** Let go of the commits of deployments that are gone. */
  | { kind: "release-commits" }
  /** Directories of deployments that never got their name. */
  | { kind: "remove-unfinished" };

/** One line for each step, as `--dry-run` prints it. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "hold-commit":
      return `keep the commit of ${shortId(step.deployment)} in the store`;
    case "install-kernel":
      return `install the kernel of ${shortId(step.deployment)}`;
    case "write-deployment": {
      const etc = step.mergeFrom === undefined ? "" : `, merging /etc of ${shortId(step.mergeFrom)}`;
      return `write deployment ${shortId(step.deployment)}${etc}`;
    }
    case "carry-over":
      return `carry over ${step.paths.join(", ")}`;
    case "merge-etc-again":
      return `merge what changed in /etc of ${shortId(step.mergeFrom)} into ${shortId(step.deployment)}`;
    case "stage":
      return `stage ${shortId(step.deployment)} for the next shutdown`;
    case "switch-boot": {
      const [first, ...others] = step.order.map(shortId);
      return `boot ${first} next${others.length === 0 ? "" : `, and keep ${others.join(", ")}`}`;
    }
    case "unstage":
      return "forget the staged deployment";
    case "set-pinned":
      return `${step.pinned ? "pin" : "unpin"} ${shortId(step.deployment)}`;
    case "record-event":
      return `record the ${step.event.action} in the history`;
    case "record-failure":
      return `record why ${shortId(step.deployment)} did not boot`;
    case "forget-failure":
      return `forget why ${shortId(step.deployment)} did not boot`;
    case "forget-initramfs-failure":
      return "forget what the initramfs left";
    case "bless":
      return `mark ${shortId(step.deployment)} as one that boots`;
    case "remove-deployment":
      return `remove deployment ${shortId(step.deployment)}`;
    case "collect-kernels":
      return "remove kernels that no boot entry names";
    case "release-commits":
      return "let go of the commits of removed deployments";
    case "remove-unfinished":
      return "remove what interrupted runs left";
  }
}
