/** A helper thread of `unpack`. */
import { createHash } from "node:crypto";
import { workerData } from "node:worker_threads";
import { drainRing, endRing, failRing, fillRing } from "./ring.ts";
import { type HelperJob, unpacked } from "./unpack.ts";

const job = workerData as HelperJob;
if (job.role === "unpack") await unpackInto(job);
else hashFrom(job);

async function unpackInto({ ring, result, ...request }: Extract<HelperJob, { role: "unpack" }>): Promise<void> {
  try {
    const hash = createHash("sha256");
    for await (const chunk of unpacked(request, hash)) fillRing(ring, chunk);
    result.set(hash.digest());
    endRing(ring);
  } catch (error) {
    failRing(ring, error);
  }
}

function hashFrom({ ring, result, consumer, done }: Extract<HelperJob, { role: "hash" }>): void {
  try {
    const hash = createHash("sha256");
    for (const chunk of drainRing(ring, consumer)) hash.update(chunk);
    result.set(hash.digest());
  } catch {
    // The calling thread meets the same error.
  } finally {
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }
}
