/** The differences of many objects, on every core. */
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { isBuilt } from "../../native.ts";
import { diffObject, type DiffJob } from "./diff-object.ts";
import type { Streams } from "./streams.ts";

/** Below this many bytes in all, starting a thread costs more than it saves. */
const WORTH_A_THREAD = 4 * 1024 * 1024;
const MAX_THREADS = 8;
/** Objects of at least this size are first, so that the threads end together. */
const LARGE = 1024 * 1024;

/** Takes the result of a job; called in the order of the jobs. */
type Take = (streams: Streams<Uint8Array>, index: number) => void;

/**
 * Computes `diffObject` of each job. Memory: for each thread what one job needs, and the results that wait for an
 * earlier one.
 * @throws what `diffObject` throws
 */
export async function diffObjects(jobs: readonly DiffJob[], take: Take): Promise<void> {
  const bytes = jobs.reduce((sum, { target }) => sum + target.size, 0);
  if (bytes < WORTH_A_THREAD) return jobs.forEach((job, index) => take(diffObject(job), index));
  const threads = Array.from({ length: Math.min(availableParallelism(), MAX_THREADS) }, () => new Worker(workerUrl()));
  try {
    await drawJobs(threads, jobs, take);
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

/** Each thread gets its next job when it has answered the last. */
async function drawJobs(threads: readonly Worker[], jobs: readonly DiffJob[], take: Take): Promise<void> {
  const waiting = new Map<number, Streams<Uint8Array>>();
  const order = drawingOrder(jobs);
  let drawn = 0;
  let taken = 0;
  const serve = async (thread: Worker): Promise<void> => {
    for (let index = order[drawn++]; index !== undefined; index = order[drawn++]) {
      const answer = once(thread, "message");
      thread.postMessage(jobs[index]);
      const [streams] = (await answer) as [Streams<Uint8Array>];
      waiting.set(index, streams);
      for (let ready = waiting.get(taken); ready !== undefined; ready = waiting.get(taken)) {
        waiting.delete(taken);
        take(ready, taken);
        taken += 1;
      }
    }
  };
  await Promise.all(threads.map(serve));
}

function drawingOrder(jobs: readonly DiffJob[]): number[] {
  const size = (index: number): number => {
    const bytes = jobs[index]!.target.size;
    return bytes < LARGE ? 0 : bytes;
  };
  return [...jobs.keys()].sort((a, b) => size(b) - size(a));
}

function workerUrl(): URL {
  return new URL(isBuilt() ? "./ostree/delta/diff-worker.js" : "./diff-worker.ts", import.meta.url);
}
