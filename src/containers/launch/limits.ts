/** Limits of the process: rlimits, and how early it dies when memory runs out. */
import type { ProcessContext } from "./context.ts";
import { writeInto } from "./calls.ts";

/** The rlimits, which the caller has cut down to what this host allows. */
export function setRlimits({ asm, request }: ProcessContext): void {
  for (const { resource, soft, hard } of request.rlimits) {
    asm.step(`setting resource limit ${resource} to ${soft}:${hard}`);
    asm.call("prlimit64", [0, resource, asm.words([soft, hard]), 0]);
  }
}

/** `oom_score_adj`, where the configuration has one. */
export function setOomScore({ asm, proc }: ProcessContext, score: number | undefined): void {
  if (score === undefined) return;
  asm.step(`setting oom_score_adj to ${score}`);
  writeInto(asm, proc, "self/oom_score_adj", String(score));
}
