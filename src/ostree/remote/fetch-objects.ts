/** Fetching what a commit needs: from packs, or made by a delta. */
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { loadTree } from "../load-tree.ts";
import { readCommit } from "../object-store.ts";
import { publisherSays } from "../publisher-notes.ts";
import type { Fetched, FetchPlan } from "./driver.ts";
import { lacking, type Needed, planPull, type PullContext, type PullPlan, view } from "./pull-plan.ts";
import { runJob } from "./run-job.ts";
import type { PublishedDelta } from "./summary.ts";
import { chooseDelta, useDelta } from "./use-delta.ts";

export interface FetchObjectsOptions {
  /** Those that are offered. */
  deltas: readonly PublishedDelta[];
  /** Learns what will be fetched before any file is. */
  onPlan?: ((plan: FetchPlan) => void | Promise<void>) | undefined;
  progress?: Progress | undefined;
}

/** Requests under way at a time. */
const CONNECTIONS = 4;

/**
 * Brings what the store lacks to `incoming/`, by a delta where that is less to transfer, or where nothing else brings it.
 * @returns what the commit needs, and the delta that was tried
 * @throws AtomicError network, no-space, not-found, invalid, corrupt, untrusted, and what `onPlan` throws
 */
export async function fetchObjects(
  context: PullContext,
  commit: Checksum,
  options: FetchObjectsOptions,
): Promise<Pick<Fetched, "delta"> & { needed: readonly Needed[] }> {
  const plan = await planPull(context, commit);
  const delta = chooseDelta(context.repo, options.deltas, plan);
  if (delta === undefined) {
    if (plan.absent !== undefined) throw withoutBase(plan.absent, commit, options);
    await options.onPlan?.(fetchPlan(context, plan, { bring: (wanted) => bringFiles(context, plan, wanted) }));
    await download(plan, context, options);
    return { needed: plan.objects };
  }
  let made: Promise<string | undefined> | undefined;
  const makeFiles = (): Promise<string | undefined> =>
    (made ??= useDelta(context, plan, { delta, progress: options.progress }));
  const bring = async (wanted: readonly Checksum[]): Promise<void> => {
    if (plan.absent === undefined) await bringFiles(context, plan, wanted);
    else await makeFiles();
  };
  await options.onPlan?.({ ...fetchPlan(context, plan, { bring }), download: delta.download });
  const useless = await makeFiles();
  const rest = await planPull(context, commit);
  if (rest.absent !== undefined) {
    throw useless === undefined
      ? lacking(commit, { type: "file", checksum: rest.absent })
      : new AtomicError("corrupt", `pulling ${commit}: ${useless}`);
  }
  await download(rest, context, options); // what it did not bring
  return { needed: rest.objects, delta: { from: delta.from, ...(useless === undefined ? {} : { useless }) } };
}

function fetchPlan(context: PullContext, plan: PullPlan, { bring }: Required<Pick<FetchPlan, "bring">>): FetchPlan {
  const files = plan.files.map(({ size = 0 }) => size);
  const repo = view(context);
  const said = publisherSays(readCommit(repo, plan.commit));
  return { download: plan.download, files, ...said, tree: () => loadTree(repo, plan.commit), repo, bring };
}

async function bringFiles(context: PullContext, plan: PullPlan, wanted: readonly Checksum[]): Promise<void> {
  for (const { job, path } of plan.jobsOf(wanted)) await runJob(job, { ...context, path });
}

/** The error where only a delta brings files, and none starts from what the store has. */
function withoutBase(absent: Checksum, commit: Checksum, { deltas }: FetchObjectsOptions): AtomicError {
  const starts = deltas.filter(({ to }) => to === commit).map(({ from }) => from);
  if (starts.length === 0) return lacking(commit, { type: "file", checksum: absent });
  return new AtomicError(
    "not-found",
    `pulling ${commit}: it is for hosts that have commit ${starts.join(" or ")}, whole`,
    {
      hint: "atomic repo bundle FILE REF",
    },
  );
}

/** Carries out the plan's requests, several at a time; the first failure ends all of them. */
async function download(
  plan: PullPlan,
  context: PullContext,
  { progress = noProgress }: FetchObjectsOptions,
): Promise<void> {
  if (plan.jobs.length === 0) return;
  const task = progress.start("pulling", { total: plan.download, unit: "bytes" });
  const queue = plan.jobs.values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const { job, path } of queue) {
      const arrived = (count: number): void => {
        if (failures.length > 0) throw new AtomicError("network", "pulling: another request failed");
        context.arrived(count);
        task.advance(count);
      };
      try {
        await runJob(job, { ...context, path, arrived });
      } catch (error) {
        failures.push(error);
        throw error;
      }
    }
  };
  await Promise.allSettled(Array.from({ length: CONNECTIONS }, worker));
  if (failures.length > 0) throw failures[0]; // the others only failed because of it
  task.finish();
}
