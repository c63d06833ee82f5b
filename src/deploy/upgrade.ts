import { existsSync } from "node:fs";
import type { Checksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { isImageReference } from "../oci/index.ts";
import { objectFile, readCommit, type Repo } from "../ostree/index.ts";
import type { Progress } from "../progress.ts";
import { chooseStateroot } from "./default-stateroot.ts";
import type { Deployment } from "./deployment.ts";
import { failedCommit } from "./health/failed-commit.ts";
import { failureReason } from "./health/failure-reason.ts";
import { loadFailures } from "./health/load-failures.ts";
import { readHistory } from "./history-file.ts";
import { type HostState, loadHostState } from "./host-state.ts";
import { imageSpecTip, pullImageSpec } from "./image-spec.ts";
import { type DeployResult, makeDeployment, type MakeOptions } from "./make-deployment.ts";
import { bundleAt, pullRemote, type RemoteSpec, remoteSpec, remoteTip, shownCommit } from "./remote-spec.ts";
import { openSource, pullCommit, type Resolved, resolveSpec } from "./resolve-spec.ts";
import { type Cost, remoteCost, storedCost } from "./upgrade-cost.ts";
import { type Sysroot, withSysrootLock } from "./sysroot.ts";

export interface UpgradeOptions extends MakeOptions {
  stateroot?: string;
  /** Another directory with a store or sysroot, or a bundle; without it the directory the origin names, if any. */
  from?: string;
  /** Accept a commit older than the present one. */
  allowDowngrade?: boolean;
  /** Accept a commit that failed on this host. */
  retry?: boolean;
  /** Fetch, but deploy nothing. */
  downloadOnly?: boolean;
  progress?: Progress;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}

/** What an upgrade would bring. */
export interface Update {
  spec: string;
  from: { commit: Checksum; version?: string; timestamp: number };
  to: { commit: Checksum; version?: string; timestamp: number };
  /** The new commit is the older one. */
  downgrade: boolean;
  /** The sysroot's store has it already. */
  downloaded: boolean;
  /** What it takes and changes: from a check, or a dry run of what would have to be fetched. */
  cost?: Cost;
  /** Why it did not boot on this host before, if it was tried. */
  failure?: string;
}
export interface UpgradeResult {
  update: Update;
  /** Absent when it was only downloaded, or for a dry run of what would have to be. */
  deployment?: DeployResult;
}

/**
 * Looks for a newer commit, changing nothing.
 * @throws AtomicError nothing-to-do when there is none, conflict when nothing is deployed, not-found
 */
export async function checkUpgrade(sysroot: Sysroot, options: UpgradeOptions = {}): Promise<Update> {
  const state = loadHostState(sysroot, options.commandLine);
  return withCost(sysroot, await findUpdate(sysroot, state, options), options);
}

/**
 * Deploys the newest commit of the ref that the present deployment follows.
 * @throws AtomicError nothing-to-do when it boots next already; conflict for a downgrade that was not allowed, or a commit that failed on this host; not-found,
 *   invalid, no-space, locked, read-only
 */
export async function upgrade(sysroot: Sysroot, options: UpgradeOptions = {}): Promise<UpgradeResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const dryRun = options.dryRun === true;
    const found = await findUpdate(sysroot, state, options);
    const { current, resolved, source, update } = found;
    if (update.downgrade && options.allowDowngrade !== true) throw downgrade(update);
    if (update.failure !== undefined && options.retry !== true && options.downloadOnly !== true)
      throw failedBefore(update);
    if (source !== undefined && !dryRun) {
      const { progress } = options;
      await pullCommit(sysroot, source, {
        resolved,
        stateroot: current.stateroot,
        ...(progress === undefined ? {} : { progress }),
      });
    }
    if (dryRun && source === undefined && !update.downloaded)
      return { update: await withCost(sysroot, found, options) };
    const pulled = await pullFound(sysroot, found, options);
    const commit = pulled?.commit ?? resolved.commit;
    // Only now is it known what others' names have become here, and whether that was tried before.
    const whole = { ...update, to: { ...update.to, commit }, ...failureOf(sysroot, state, { ...current, commit }) };
    if (options.downloadOnly === true) return { update: whole };
    if (whole.failure !== undefined && options.retry !== true) throw failedBefore(whole);
    const { from: _, ...making } = options; // the origin names a directory only
    const deployment = await makeDeployment(sysroot, state, {
      ...making,
      stateroot: current.stateroot,
      commit,
      spec: update.spec,
      action: "upgrade",
      ...(pulled?.signature === undefined ? {} : { signature: pulled.signature }),
      ...(source === undefined ? {} : { from: source.path }),
      ...(source !== undefined && dryRun ? { source } : {}),
    });
    return { update: whole, deployment };
  });
}

interface Found {
  /** What would boot next without the upgrade. */
  current: Deployment;
  resolved: Resolved;
  /** The store to pull from. */
  source: Repo | undefined;
  /** The remote to pull from. */
  remote: RemoteSpec | undefined;
  /** The image that the origin names, as it is offered. */
  image: Awaited<ReturnType<typeof imageSpecTip>> | undefined;
  update: Update;
}

async function findUpdate(sysroot: Sysroot, state: HostState, options: UpgradeOptions): Promise<Found> {
  const stateroot = chooseStateroot(sysroot, state, options.stateroot);
  const current = state.deployments.find((deployment) => deployment.stateroot === stateroot);
  if (current === undefined) {
    throw new AtomicError("conflict", `upgrading stateroot ${stateroot}: nothing is deployed in it`, {
      hint: state.problems.length > 0 ? "atomic host status" : "atomic host deploy SPEC",
    });
  }
  const { spec } = current.origin;
  const bundle = options.from === undefined ? undefined : bundleAt(options.from);
  const from = bundle === undefined ? (options.from ?? current.origin.from) : undefined;
  const source = from === undefined ? undefined : openSource(sysroot, from);
  const isImage = source === undefined && isImageReference(spec);
  const image = isImage ? await imageSpecTip(sysroot, spec) : undefined;
  const remote = source === undefined && !isImage ? remoteSpec(sysroot, spec, bundle) : undefined;
  if (bundle !== undefined && remote === undefined) {
    throw new AtomicError("conflict", `upgrading from ${bundle}: ${current.id} follows ${spec}, which is no remote's`, {
      hint: `atomic host rebase bundle:${bundle}`,
    });
  }
  const tip = remote === undefined ? undefined : await remoteTip(sysroot, remote, options);
  const known = image?.commit ?? (tip && shownCommit(tip));
  const resolved: Resolved =
    known === undefined ? resolveSpec(source ?? sysroot.repo, spec) : { commit: known, ref: spec };
  if (resolved.commit === current.commit) {
    const why = resolved.ref === undefined ? "it follows no ref" : `${resolved.commit} is the newest of ${spec}`;
    const hint =
      resolved.ref === undefined ? "atomic host rebase REF" : current.staged ? "systemctl reboot" : undefined;
    throw new AtomicError("nothing-to-do", `upgrading ${current.id}: ${why}`, hint === undefined ? {} : { hint });
  }
  const isNew = image !== undefined && !hasCommit(sysroot.repo, image.commit);
  const next: Next = tip ?? (isNew ? image : readCommit(source ?? sysroot.repo, resolved.commit));
  const { timestamp = current.origin.timestamp } = next;
  const update: Update = {
    spec,
    from: { ...versionOf(current.origin), commit: current.commit, timestamp: current.origin.timestamp },
    to: { ...versionOf(next), commit: resolved.commit, timestamp },
    downgrade: timestamp < current.origin.timestamp,
    downloaded: source === undefined && hasCommit(sysroot.repo, resolved.commit),
    ...failureOf(sysroot, state, { stateroot, commit: resolved.commit }),
  };
  return { current, resolved, source, remote, image, update };
}

/** Brings what was found; undefined when it is in a store already. */
async function pullFound(
  sysroot: Sysroot,
  { remote, image, update }: Found,
  options: UpgradeOptions,
): Promise<{ commit: Checksum; signature: string } | undefined> {
  if (remote !== undefined) return pullRemote(sysroot, remote, options);
  return image === undefined || update.downloaded ? image : pullImageSpec(sysroot, update.spec, options);
}

/** The update with what it takes and changes, as far as that can be known before it is fetched. */
async function withCost(sysroot: Sysroot, found: Found, options: UpgradeOptions): Promise<Update> {
  const { update, current, resolved, source, remote, image } = found;
  if (source !== undefined || update.downloaded) {
    const where = { repo: source ?? sysroot.repo, stateroot: current.stateroot };
    return { ...update, cost: storedCost(sysroot, { ...where, commit: resolved.commit, current: current.commit }) };
  }
  if (remote !== undefined)
    return { ...update, cost: await remoteCost(sysroot, remote, { ...options, current: current.commit }) };
  const { download, notes } = image!;
  const known = { ...(download === undefined ? {} : { download }), ...(notes === undefined ? {} : { notes }) };
  return { ...update, cost: { subject: "", ...known } };
}

function downgrade({ spec, from, to }: Update): AtomicError {
  const shown = ({ commit, timestamp }: Update["from"]) =>
    `${commit.slice(0, 12)} of ${new Date(timestamp * 1000).toISOString()}`;
  return new AtomicError(
    "conflict",
    `upgrading to ${spec}: expected one newer than ${shown(from)}, found ${shown(to)}`,
    {
      hint: "atomic host upgrade --allow-downgrade",
    },
  );
}

function failedBefore({ spec, to, failure }: Update): AtomicError {
  const what = `${to.version === undefined ? "" : `${to.version} `}(${to.commit.slice(0, 12)})`;
  return new AtomicError("conflict", `upgrading to ${spec}: ${what} did not boot on this host before: ${failure}`, {
    hint: "atomic host upgrade --retry",
  });
}

/** The history knows it; so do the boot entries while nothing has written the history since. */
function failureOf(
  sysroot: Sysroot,
  state: HostState,
  { stateroot, commit }: Pick<Deployment, "stateroot" | "commit">,
): { failure?: string } {
  const recorded = failedCommit(readHistory(sysroot, stateroot), commit);
  const present = state.deployments.find(
    (other) => other.failed && other.stateroot === stateroot && other.commit === commit,
  );
  const reason = recorded?.reason ?? (present && failureReason(present, loadFailures(sysroot, [present])));
  return reason === undefined ? {} : { failure: reason };
}

/** True when the store has a commit; a pull adds it together with all it needs. */
function hasCommit(repo: Repo, commit: Checksum): boolean {
  return existsSync(objectFile(repo, commit, "commit"));
}

type Next = { version?: string; timestamp?: number };

function versionOf({ version }: { version?: string }): { version?: string } {
  return version === undefined ? {} : { version };
}
