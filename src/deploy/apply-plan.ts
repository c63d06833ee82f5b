/** Carrying out a plan, step by step, each on the disk before the next begins. */
import { dirname } from "node:path";
import { blessEntry, collectKernels, type InstalledKernel } from "../bootloader/index.ts";
import { AtomicError } from "../errors.ts";
import { type NewlyBooting, switchBootOrder } from "./boot-order.ts";
import { bootEntryId, type DeploymentName } from "./deployment-id.ts";
import { installTreeKernel } from "./deployment-kernel.ts";
import { removeFailure, writeFailure } from "./health/boot-failure.ts";
import { removeInitramfsFailure } from "./health/initramfs-failure.ts";
import { holdCommit, releaseCommits } from "./held-commit.ts";
import { recordEvent } from "./history-file.ts";
import { type HostState, listDirectories } from "./host-state.ts";
import { readOrigin, writeOrigin } from "./origin-file.ts";
import type { Step } from "./plan.ts";
import { forgetVarUpdate, populateVar } from "./populate-var.ts";
import type { Prepared } from "./prepare-deployment.ts";
import { carryHostFiles } from "./reset/carry-host-files.ts";
import { clearStaged, readStaged, writeStaged } from "./staged.ts";
import { deploymentPath, type Sysroot } from "./sysroot.ts";
import { removeUnfinished } from "./unfinished.ts";
import { mergeEtcAgain, writeDeployment } from "./write-deployment.ts";

export interface PlanContext {
  sysroot: Sysroot;
  /** What the plan was made from. */
  state: HostState;
  /** What the deployment that newly boots is made of; plans without one need none. */
  prepared?: Prepared;
  /** Boot attempts to count for it, or for one that failed and is tried again; 0 counts none. */
  bootTries: number;
}

/** What earlier steps made for later ones. */
interface Made {
  kernel?: { name: DeploymentName; installed: InstalledKernel };
}

/**
 * Carries out the steps in order. Stopped at any instant, the host boots what it did before or what the plan wants, and
 * planning and applying again continues from there.
 * @throws AtomicError conflict when the boot directory of a booted host is not there
 */
export async function applyPlan(context: PlanContext, steps: readonly Step[]): Promise<void> {
  requireBootEntries(context);
  const made: Made = {};
  for (const step of steps) await applyStep(context, step, made);
}

/** A host that runs has an entry: without one the plan would take every deployment for a leftover. */
function requireBootEntries({ sysroot, state }: PlanContext): void {
  if (state.booted === undefined || state.bootFiles.length > 0) return;
  throw new AtomicError("conflict", `changing deployments: ${sysroot.boot} has no boot entries`, {
    hint: `mount ${sysroot.boot}`,
  });
}

async function applyStep(context: PlanContext, step: Step, made: Made): Promise<void> {
  const { sysroot, state } = context;
  switch (step.kind) {
    case "hold-commit":
      return holdCommit(sysroot, step.deployment);
    case "install-kernel": {
      const { kernel, bootChecksum } = preparedOf(context);
      const request = { stateroot: step.deployment.stateroot, kernel, expected: bootChecksum };
      made.kernel = { name: step.deployment, installed: installTreeKernel(sysroot, request) };
      return;
    }
    case "write-deployment": {
      const prepared = preparedOf(context);
      populateVar(sysroot, step.deployment.stateroot, prepared.tree);
      return writeDeployment(sysroot, { ...step, prepared });
    }
    case "carry-over":
      return carryHostFiles(sysroot, step);
    case "merge-etc-again":
      return mergeEtcAgain(sysroot, { ...step, tree: preparedOf(context).tree });
    case "stage":
      return writeStaged(sysroot, step.deployment);
    case "switch-boot": {
      const added = newlyBooting(context, made);
      switchBootOrder(sysroot, {
        state,
        order: step.order,
        tries: context.bootTries,
        ...(added === undefined ? {} : { added }),
      });
      if (step.order[0] !== undefined) forgetVarUpdate(sysroot, step.order[0].stateroot);
      return;
    }
    case "unstage":
      return clearStaged(sysroot);
    case "set-pinned":
      return writeOrigin(sysroot, step.deployment, { ...readOrigin(sysroot, step.deployment), pinned: step.pinned });
    case "record-event":
      return recordEvent(sysroot, step.stateroot, step.event);
    case "record-failure":
      return writeFailure(sysroot, step.deployment, step.failure);
    case "forget-failure":
      return removeFailure(sysroot, step.deployment);
    case "forget-initramfs-failure":
      return removeInitramfsFailure(sysroot);
    case "bless":
      return blessEntry(sysroot.disk, sysroot.boot, bootEntryId(step.deployment));
    case "remove-deployment":
      return removeDeployment(sysroot, step.deployment);
    case "collect-kernels":
      return void collectKernels(sysroot.boot, stagedKernels(sysroot), sysroot.disk);
    case "release-commits":
      return releaseCommits(sysroot, listDirectories(sysroot));
    case "remove-unfinished":
      return removeUnfinished(sysroot);
  }
}

function preparedOf({ prepared }: PlanContext): Prepared {
  if (prepared === undefined) throw new Error("the plan makes a deployment, but nothing was prepared for it");
  return prepared;
}

function newlyBooting({ sysroot, bootTries }: PlanContext, { kernel }: Made): NewlyBooting | undefined {
  if (kernel === undefined) return undefined;
  const { name, installed } = kernel;
  return { name, origin: readOrigin(sysroot, name), kernel: installed, tries: bootTries };
}

/** The staged deployment's kernel is needed, although no boot entry names it yet. */
function stagedKernels(sysroot: Sysroot): string[] {
  const staged = readStaged(sysroot)?.name;
  return staged === undefined ? [] : [`atomic/${staged.stateroot}-${readOrigin(sysroot, staged).bootChecksum}`];
}

/** Nothing boots it: whatever a crash leaves of it is a leftover, which the next plan removes. */
function removeDeployment(sysroot: Sysroot, name: DeploymentName): void {
  const path = deploymentPath(sysroot, name);
  sysroot.disk.removeTree(path);
  sysroot.disk.fsyncDirectory(dirname(path));
}
