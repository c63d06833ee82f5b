/** A helper thread of `diffObjects`. */
import { parentPort } from "node:worker_threads";
import { diffObject, type DiffJob } from "./diff-object.ts";

parentPort!.on("message", (job: DiffJob) => parentPort!.postMessage(diffObject(job)));
