/** What the parts of a launch program share while it is written. */
import type { Assembler, Label, Slot } from "../../linux/index.ts";
import type { LaunchRequest, ProcessRequest } from "./request.ts";

/** Of a program that starts a process, of a new container or of one that is there. */
export interface ProcessContext {
  asm: Assembler;
  request: ProcessRequest;
  /** Where the failure of the step being written leads. */
  fail: Label;
  /** The host's /proc, opened before anything of the container existed: no mount of the container can stand in its way. */
  proc: Slot;
}

/** Of a program that starts a container. */
export interface LaunchContext extends ProcessContext {
  request: LaunchRequest;
}
