/** A scenario: cases that follow each other, for both programs. */
import type { Case, Sample, Tool } from "./case.ts";
import type { Meter } from "./measure.ts";
import type { Verbs } from "./verbs.ts";

/** Where one program goes through a scenario. */
export interface Place {
  tool: Tool;
  verbs: Verbs;
  /** A directory of its own, empty at first. */
  directory: string;
  /** Two versions of a host tree. */
  trees: { v1: string; v2: string };
  /** Runs the program with these arguments; not measured. */
  run(args: readonly string[]): void;
  /** Runs the program with these arguments and measures it. */
  measure(args: readonly string[]): Sample;
}

export interface Step {
  case: Case;
  /** Done before and after the measurement, outside of it. */
  before?: (place: Place) => void;
  measure: (place: Place) => Sample;
  after?: (place: Place) => void;
}

export interface Scenario {
  name: string;
  /** In each round, a new directory and `prepare`; or once, for cases that change nothing. */
  prepared: "each round" | "once";
  /** Fewer rounds than asked for, where they are long and hardly differ. */
  maxRounds?: number;
  /** Left out of a quick run. */
  long?: boolean;
  prepare?: (place: Place) => void;
  steps: readonly Step[];
}

/** What places need beside the scenario. */
export interface Setting {
  /** Scratch space. */
  directory: string;
  programs: Record<Tool, readonly string[]>;
  trees: Place["trees"];
  meter: Meter;
}
