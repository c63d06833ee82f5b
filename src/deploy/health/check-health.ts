import { outcomeOf } from "../../spawn.ts";
import { type Check, findChecks } from "./find-checks.ts";

export interface CheckResult extends Check {
  passed: boolean;
  /** How it ended, as `exited with 1`. */
  ending: string;
  /** The last lines it printed. */
  output: string;
}
export interface HealthReport {
  /** All required checks passed. */
  healthy: boolean;
  checks: CheckResult[];
}

/** Seconds for one check. */
const CHECK_SECONDS = 120;
const SHOWN_LINES = 10;
const SHOWN_CHARACTERS = 2000;

/**
 * Runs the health checks, one after the other; each has `seconds`.
 * @throws AtomicError invalid when there are too many
 */
export function checkHealth({
  root = "/",
  seconds = CHECK_SECONDS,
}: { root?: string; seconds?: number } = {}): HealthReport {
  const checks = findChecks(root).map((check): CheckResult => {
    // Killed as a group, children and all: one that goes on would hold the output open.
    const limit = ["timeout", "--signal=KILL", String(seconds)] as const;
    const { status, ending, output } = outcomeOf([...limit, check.path], (seconds + 10) * 1000);
    const late = ending === "was killed by SIGKILL" || status === 137;
    return {
      ...check,
      passed: status === 0,
      ending: late ? `was still running after ${seconds} s` : ending,
      output: lastLines(output),
    };
  });
  return { healthy: checks.every(({ passed, required }) => passed || !required), checks };
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n").slice(-SHOWN_CHARACTERS);
}
