/** Deltas: what a host needs to make one commit's objects of another's. */
export { applyDelta, type ApplyDeltaOptions, type ApplyDeltaResult } from "./apply-delta.ts";
export { deltaPath, writeDelta } from "./delta-file.ts";
export { generateDelta } from "./generate-delta.ts";
