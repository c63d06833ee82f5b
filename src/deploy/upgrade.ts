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
import {
  bundleAt,
  type Cost,
  pullRemote,
  remoteCost,
  type RemoteSpec,
  remoteSpec,
  remoteTip,
  shownCommit,
} from "./remote-spec.ts";
import { openSource, pullCommit, type Resolved, resolveSpec } from "./resolve-spec.ts";
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
  /** What fetching it from its remote takes: from a check that found it is not here yet. */
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
  const { update, remote } = await findUpdate(sysroot, loadHostState(sysroot, options.commandLine), {
    ...options,
    pullImages: false,
  });
  if (remote === undefined || update.downloaded) return update;
  return { ...update, cost: await remoteCost(sysroot, remote, { ...options, current: update.from.commit }) };
}

/**
 * Deploys the newest commit of the ref that the present deployment follows.
 * @throws AtomicError nothing-to-do when it boots next already; conflict for a downgrade that was not allowed, or a commit that failed on this host; not-found,
 *   invalid, no-space, locked, read-only
 */
export async function upgrade(sysroot: Sysroot, options: UpgradeOptions = {}): Promise<UpgradeResult> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const { current, resolved, source, remote, image, update } = await findUpdate(sysroot, state, {
      ...options,
      pullImages: true,
    });
    if (update.downgrade && options.allowDowngrade !== true) throw downgrade(update);
    if (update.failure !== undefined && options.retry !== true && options.downloadOnly !== true)
      throw failedBefore(update);
    const dryRun = options.dryRun === true;
    if (source !== undefined && !dryRun) {
      const { progress } = options;
      await pullCommit(sysroot, source, {
        resolved,
        stateroot: current.stateroot,
        ...(progress === undefined ? {} : { progress }),
      });
    }
    if (remote !== undefined && dryRun && !update.downloaded) {
      return {
        update: { ...update, cost: await remoteCost(sysroot, remote, { ...options, current: current.commit }) },
      };
    }
    const pulled = remote === undefined ? image : await pullRemote(sysroot, remote, options);
    if (options.downloadOnly === true) return { update };
    const { from: _, ...making } = options; // the origin names a directory only
    const deployment = await makeDeployment(sysroot, state, {
      ...making,
      stateroot: current.stateroot,
      commit: pulled?.commit ?? resolved.commit,
      spec: update.spec,
      action: "upgrade",
      ...(pulled?.signature === undefined ? {} : { signature: pulled.signature }),
      ...(source === undefined ? {} : { from: source.path }),
      ...(source !== undefined && dryRun ? { source } : {}),
    });
    return { update, deployment };
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
  /** The image that the origin names. */
  image: { commit: Checksum; signature?: string } | undefined;
  update: Update;
}

/** @param options.pullImages false to look at the manifest of an image only */
async function findUpdate(
  sysroot: Sysroot,
  state: HostState,
  options: UpgradeOptions & { pullImages: boolean },
): Promise<Found> {
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
  const look = () => imageSpecTip(sysroot, spec, current.commit);
  const image = isImage ? await (options.pullImages ? pullImageSpec(sysroot, spec, options) : look()) : undefined;
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
  const isUnknown = image !== undefined && !hasCommit(sysroot.repo, image.commit);
  const next: Next = tip ?? (isUnknown ? {} : readCommit(source ?? sysroot.repo, resolved.commit));
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
