/**
 * Writing a deployment's directory: everything under a temporary name, on the disk, then one rename.
 *
 *     etc/  image  origin.json  etc-report.json
 */
import { dirname, join } from "node:path";
import type { Durable } from "../durable.ts";
import { isAtomicError } from "../errors.ts";
import { type DirectoryNode, dropCachedImage } from "../ostree/index.ts";
import { deploymentId, type DeploymentName, shortId } from "./deployment-id.ts";
import { openEtcHistory } from "./etc/history.ts";
import { countReport, etcReport } from "./etc/report.ts";
import { closeEtc, openEtc } from "./etc/live.ts";
import { writeEtc } from "./etc/merge.ts";
import { type EtcCounts, formatOrigin, type Origin } from "./origin.ts";
import { readOrigin, writeOrigin } from "./origin-file.ts";
import type { NewOrigin } from "./plan.ts";
import type { Prepared } from "./prepare-deployment.ts";
import { deploymentPath, type Sysroot } from "./sysroot.ts";
import { unfinishedPath } from "./unfinished.ts";

export interface MergeRequest {
  deployment: DeploymentName;
  /** The commit's whole tree. */
  tree: DirectoryNode;
  /** The deployment whose live `/etc` is merged in. */
  mergeFrom?: DeploymentName;
}
export interface DeploymentRequest extends Omit<MergeRequest, "tree"> {
  origin: NewOrigin;
  prepared: Prepared;
}
interface Merged {
  /** The bytes of `etc-report.json`. */
  report: Buffer;
  counts: EtcCounts;
}

/**
 * Writes a deployment; it appears whole or not at all, and nothing boots it yet.
 * @throws AtomicError exists, corrupt, invalid, no-space
 */
export async function writeDeployment(sysroot: Sysroot, request: DeploymentRequest): Promise<void> {
  const { disk } = sysroot;
  const { deployment, prepared } = request;
  const final = deploymentPath(sysroot, deployment);
  const directory = unfinishedPath(final);
  disk.removeTree(directory);
  disk.mkdir(directory, 0o755);

  const etc = await mergeInto(sysroot, join(directory, "etc"), { ...request, tree: prepared.tree });
  const origin: Origin = {
    ...request.origin,
    image: prepared.imageDigest,
    kernel: prepared.kernel.release,
    bootChecksum: prepared.bootChecksum,
    ...(etc === undefined ? {} : { etc: etc.counts }),
  };
  writeFile(disk, join(directory, "image"), prepared.image);
  writeFile(disk, join(directory, "origin.json"), Buffer.from(formatOrigin(origin)));
  if (etc !== undefined) writeFile(disk, join(directory, "etc-report.json"), etc.report);

  disk.barrier(directory);
  enableVerity(disk, join(directory, "image"));
  disk.renameNoReplace(directory, final);
  disk.fsyncDirectory(dirname(final));
  dropCachedImage(sysroot.repo, prepared.imageDigest);
}

/**
 * Merges `/etc` into a staged deployment once more; the new `/etc` replaces the one from staging in one step.
 * @throws AtomicError not-found, corrupt, no-space
 */
export async function mergeEtcAgain(sysroot: Sysroot, request: MergeRequest): Promise<void> {
  const { disk } = sysroot;
  const directory = deploymentPath(sysroot, request.deployment);
  const fresh = join(directory, ".etc.unfinished");
  disk.removeTree(fresh);
  const etc = await mergeInto(sysroot, fresh, request);
  disk.barrier(directory);
  disk.exchange(fresh, join(directory, "etc"));
  disk.fsyncDirectory(directory);
  disk.removeTree(fresh);
  if (etc === undefined) return;
  disk.replaceFile(join(directory, "etc-report.json"), etc.report, 0o644);
  writeOrigin(sysroot, request.deployment, { ...readOrigin(sysroot, request.deployment), etc: etc.counts });
}

/**
 * Writes `/etc` to `destination`. When there is something to merge, the live `/etc` and the result go into the history.
 * @returns the report of the merge, if there was one
 */
async function mergeInto(sysroot: Sysroot, destination: string, request: MergeRequest): Promise<Merged | undefined> {
  const { deployment, tree, mergeFrom } = request;
  if (mergeFrom === undefined) {
    writeEtc(sysroot, { tree, destination });
    return undefined;
  }
  const history = await openEtcHistory(sysroot, deployment.stateroot);
  const live = openEtc(join(deploymentPath(sysroot, mergeFrom), "etc"));
  try {
    await history.record(live, `${shortId(mergeFrom)} before it is merged into ${shortId(deployment)}`, {
      onlyIfChanged: true,
    });
    const findings = writeEtc(sysroot, { tree, destination, source: { commit: mergeFrom.commit, live } });
    const merged = openEtc(destination);
    try {
      await history.record(merged, `${shortId(deployment)}, merged from ${shortId(mergeFrom)}`);
    } finally {
      closeEtc(merged);
    }
    history.save();
    const report = etcReport(deploymentId(mergeFrom), findings);
    return { report: Buffer.from(`${JSON.stringify(report, null, 1)}\n`), counts: countReport(report) };
  } finally {
    closeEtc(live);
  }
}

function writeFile(disk: Durable, path: string, bytes: Uint8Array): void {
  const file = disk.create(path, 0o644);
  try {
    file.write(bytes);
  } finally {
    file.close();
  }
}

function enableVerity(disk: Durable, path: string): void {
  try {
    disk.enableVerity(path);
  } catch (error) {
    if (!isAtomicError(error, "unsupported")) throw error;
  }
}
