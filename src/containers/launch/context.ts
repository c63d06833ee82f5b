/** What the parts of a launch program share while it is written. */
import type { Assembler, Label, Slot } from "../../linux/index.ts";
import type { LaunchRequest } from "./request.ts";

export interface LaunchContext {
  asm: Assembler;
  request: LaunchRequest;
  /** Where the failure of the step being written leads. */
  fail: Label;
  /** The host's /proc, opened before anything of the container existed: no mount of the container can stand in its way. */
  proc: Slot;
}
