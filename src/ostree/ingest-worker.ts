/** A helper thread of `ingestFiles`. */
import { workerData } from "node:worker_threads";
import { createDurable } from "../durable.ts";
import { type IngestJob, shareError, SLOT, work } from "./ingest-files.ts";

const job = workerData as IngestJob;
const { control } = job.shared;
Atomics.add(control, SLOT.active, 1);
try {
  const repo = { path: job.repoPath, disk: createDurable(), readOnly: false };
  work({ repo, staging: job.staging, staged: new Map() }, job, () => undefined);
} catch (error) {
  shareError(job.shared, job.files, error);
} finally {
  Atomics.sub(control, SLOT.active, 1);
  Atomics.notify(control, SLOT.active);
}
