/** What `deploy`, `upgrade`, `rebase` and `kargs` share: from a commit in the store to a deployment that boots next. */
import { join } from "node:path";
import { appendKargs, appendMissingKargs, deleteKarg, mergeImageKargs } from "../bootloader/index.ts";
import type { Checksum } from "../digest.ts";
import { type Commit, readCommit, type Repo } from "../ostree/index.ts";
import { applyPlan } from "./apply-plan.ts";
import { readConfig } from "./config.ts";
import { deploymentId, type DeploymentName, type Stateroot } from "./deployment-id.ts";
import { checkOperatorKargs } from "./deployment-kargs.ts";
import { deploymentTitle } from "./deployment-title.ts";
import { countReport, etcReport, type ReportedPath } from "./etc/report.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { Deployment } from "./deployment.ts";
import type { HostState } from "./host-state.ts";
import { imageKargs } from "./image-kargs.ts";
import { closeEtc, openEtc } from "./etc/live.ts";
import { planEtcMerge } from "./etc/merge.ts";
import type { EtcCounts } from "./origin.ts";
import { describeStep } from "./plan.ts";
import { mergeSource, nextOf, planDeploy } from "./plan-deploy.ts";
import { type Prepared, preflightDeployment, prepareDeployment } from "./prepare-deployment.ts";
import { readEtcReport } from "./etc/read-report.ts";
import { stagesByDefault } from "./stages-by-default.ts";
import { deploymentPath, initStateroot, type Sysroot } from "./sysroot.ts";

/** Changes to kernel arguments, made in this order. */
export interface KargEdits {
  delete?: readonly string[];
  append?: readonly string[];
  appendIfMissing?: readonly string[];
}

/** What every verb that makes a deployment takes. */
export interface MakeOptions {
  /** Only say what would be done. */
  dryRun?: boolean;
  /** Leave what boots alone until finalized; without it as `stagesByDefault` says. */
  stage?: boolean;
  /** Keep at least so many deployments; the sysroot's own setting without it. */
  retain?: number;
  kargs?: KargEdits;
  /** Why, for the history. */
  reason?: string;
  /** The time of the deployment, in seconds since the epoch; now without it. */
  now?: number;
}

export interface MakeRequest extends MakeOptions {
  stateroot: Stateroot;
  commit: Checksum;
  spec: string;
  /** The other store it came from, for the origin. */
  from?: string;
  /** Who vouches for the commit; what a deployment of the same commit says, without it. */
  signature?: string;
  /** Where the commit is while it is not in the sysroot's own store yet: only for a dry run. */
  source?: Repo;
  action: HistoryEvent["action"];
  /** What a new stateroot takes from another one's deployment. */
  carry?: { from: DeploymentName; paths: string[] };
}

/** What was, or under `dryRun` would be, done. */
export interface DeployResult {
  /** `<commit>.<serial>` of the new deployment. */
  id: string;
  stateroot: Stateroot;
  commit: Checksum;
  version?: string;
  kargs: string[];
  staged: boolean;
  dryRun: boolean;
  /** The plan, one line a step. */
  steps: string[];
  /** The merge of `/etc`; absent for the first deployment of a stateroot. */
  etc?: { counts: EtcCounts; paths: ReportedPath[] };
}

/** Makes a deployment; the caller holds the sysroot's lock. @throws AtomicError invalid, no-space, corrupt, not-found */
export async function makeDeployment(sysroot: Sysroot, state: HostState, request: MakeRequest): Promise<DeployResult> {
  const { stateroot, commit: checksum, spec, action } = request;
  const config = readConfig(sysroot);
  const reader = { ...sysroot, repo: request.source ?? sysroot.repo };
  const prepared = prepareDeployment(reader, checksum);
  const commit = readCommit(reader.repo, checksum);
  const source = mergeSource(state, stateroot);
  const stage = request.stage ?? stagesByDefault(sysroot, state);
  const asked = imageKargs(reader.repo, prepared.tree);
  const origin = {
    spec,
    ...(request.from === undefined ? {} : { from: request.from }),
    commit: checksum,
    ...versionOf(commit),
    timestamp: commit.timestamp,
    deployed: request.now ?? Math.floor(Date.now() / 1000),
    title: deploymentTitle(reader.repo, prepared.tree, { stateroot, checksum, ...versionOf(commit) }),
    kargs: editKargs(inheritKargs(nextOf(state, stateroot), asked), request.kargs ?? {}),
    imageKargs: asked,
    pinned: false,
    signature: request.signature ?? signatureOf(state, checksum),
  };
  const { deployment, steps } = planDeploy(state, {
    stateroot,
    commit: checksum,
    origin,
    action,
    retain: request.retain ?? config.retain,
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    stage,
    ...(request.carry === undefined ? {} : { carry: request.carry }),
  });
  preflightDeployment(sysroot, stateroot, prepared);
  const dryRun = request.dryRun === true;
  const result: DeployResult = {
    id: deploymentId(deployment),
    stateroot,
    commit: checksum,
    ...versionOf(commit),
    kargs: origin.kargs,
    staged: stage,
    dryRun,
    steps: steps.map(describeStep),
  };
  if (dryRun) return { ...result, ...previewEtc(sysroot, source, { prepared, repo: reader.repo }) };

  initStateroot(sysroot.path, stateroot, sysroot.disk);
  await applyPlan({ sysroot, state, prepared, bootTries: config.bootTries }, steps);
  return { ...result, ...writtenEtc(sysroot, deployment) };
}

/** `kargs` with the edits made. @throws AtomicError not-found, conflict, usage (`atomic=` and its like are not for operators) */
export function editKargs(kargs: readonly string[], edits: KargEdits): string[] {
  const { delete: deleted = [], append = [], appendIfMissing = [] } = edits;
  checkOperatorKargs([...deleted, ...append, ...appendIfMissing]);
  const kept = deleted.reduce<readonly string[]>((result, karg) => deleteKarg(result, karg), kargs);
  return appendMissingKargs(appendKargs(kept, append), appendIfMissing);
}

/** The machine's own kernel arguments stay; those of the image follow the image. */
function inheritKargs(next: Deployment | undefined, asked: readonly string[]): string[] {
  const { kargs = [], imageKargs: before = [] } = next?.origin ?? {};
  return mergeImageKargs(kargs, { before, after: asked });
}

function signatureOf({ deployments }: HostState, commit: Checksum): string {
  return deployments.find((other) => other.commit === commit)?.origin.signature ?? "unsigned";
}

function versionOf({ version }: Commit): { version?: string } {
  return version === undefined ? {} : { version };
}

function previewEtc(
  sysroot: Sysroot,
  source: Deployment | undefined,
  { prepared: { tree }, repo }: { prepared: Prepared; repo: Repo },
): Pick<DeployResult, "etc"> {
  if (source === undefined) return {};
  const live = openEtc(join(deploymentPath(sysroot, source), "etc"));
  try {
    const report = etcReport(
      source.id,
      planEtcMerge(sysroot, { tree, repo, source: { commit: source.commit, live } }).findings,
    );
    return { etc: { counts: countReport(report), paths: report.paths } };
  } finally {
    closeEtc(live);
  }
}

function writtenEtc(sysroot: Sysroot, deployment: DeploymentName): Pick<DeployResult, "etc"> {
  const report = readEtcReport(sysroot, deployment);
  return report === undefined ? {} : { etc: { counts: countReport(report), paths: report.paths } };
}
