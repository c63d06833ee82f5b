/** What `status` says of a deployment that should have been finalized, and was not. */
import { bootId } from "./boot-id.ts";
import { shortId } from "./deployment-id.ts";
import { readFinalizeFailure } from "./finalize-failure.ts";
import type { HostState } from "./host-state.ts";
import type { Sysroot } from "./sysroot.ts";

/**
 * One line when the last shutdown failed to finalize, or did not come to it; none when all is well.
 * @param boot the id of this boot; undefined when the sysroot is not that of the running machine
 */
export function stagedProblems(
  sysroot: Sysroot,
  { deployments, staged }: HostState,
  boot = sysroot.running ? bootId() : undefined,
): string[] {
  const waiting = deployments.find((deployment) => deployment.staged);
  if (waiting === undefined) return [];
  const again = "the next shutdown tries again, and so does: atomic host finalize";
  const failure = readFinalizeFailure(sysroot);
  if (failure !== undefined) {
    const when = new Date(failure.time * 1000).toISOString().replace(".000", "");
    return [`finalizing ${shortId(waiting)} failed at ${when}: ${failure.reason}; ${again}`];
  }
  const missed = boot !== undefined && staged?.boot !== undefined && staged.boot !== boot;
  return missed ? [`${shortId(waiting)} was staged, and the machine went down without finalizing it; ${again}`] : [];
}
