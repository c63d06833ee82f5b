/** What the services of a boot do with the host's state; see docs/boot.md. */
import { AtomicError } from "../../errors.ts";
import { applyPlan } from "../apply-plan.ts";
import { bootId } from "../boot-id.ts";
import { readHistory } from "../history-file.ts";
import { bootedDeployment, loadHostState } from "../host-state.ts";
import type { Step } from "../plan.ts";
import { type Sysroot, withSysrootLock } from "../sysroot.ts";
import type { HealthReport } from "./check-health.ts";
import { loadFailures } from "./load-failures.ts";
import { type Known, planBless, planFallback, planRecordFailure } from "./plan-health.ts";
import { planRestart, type Verdict } from "./plan-restart.ts";

export interface JudgeOptions {
  /** Seconds since the epoch; now without it. */
  now?: number;
  /** The kernel's id of this boot; that of this machine without it. */
  boot?: string;
  /** The kernel's command line; that of this machine without it. */
  commandLine?: string;
}

/**
 * Records what the required checks that failed mean for the booted deployment.
 * @throws AtomicError conflict when no deployment is booted; locked, read-only, no-space
 */
export async function recordHealth(sysroot: Sysroot, report: HealthReport, options: JudgeOptions = {}): Promise<void> {
  const failed = report.checks.filter(({ required, passed }) => required && !passed);
  const reason = failed.map(({ name, ending }) => `check ${name} ${ending}`).join(", ");
  const output = failed.map((check) => check.output).join("\n");
  const { boot = bootId() } = options;
  await judge(sysroot, options, (known) =>
    failed.length === 0 ? [] : planRecordFailure(known, { boot, reason, output }),
  );
}

/**
 * Marks the booted deployment good: the loader counts no more, and later boots go to it.
 * @throws AtomicError conflict when no deployment is booted; locked, read-only, no-space
 */
export async function bless(sysroot: Sysroot, options: JudgeOptions = {}): Promise<{ id: string }> {
  return judge(sysroot, options, planBless);
}

/**
 * Records that this boot is not good, unless a check has said so, and says whether a restart leads to a better one.
 * @throws AtomicError conflict when no deployment is booted; locked, read-only, no-space
 */
export async function giveUp(sysroot: Sysroot, options: JudgeOptions = {}): Promise<Verdict & { id: string }> {
  const { boot = bootId() } = options;
  const { id } = await judge(sysroot, options, (known) => {
    const { id = "" } = bootedDeployment(known.state) ?? {};
    const said = known.failures.recorded.get(id)?.boot === boot;
    return said ? [] : planRecordFailure(known, { boot, reason: UNFINISHED, output: "" });
  });
  const { deployments } = loadHostState(sysroot, options.commandLine);
  return { id, ...planRestart(deployments, loadFailures(sysroot, deployments).recorded.get(id)) };
}

const UNFINISHED = "the boot was not completed: boot-complete.target was not reached";

async function judge(
  sysroot: Sysroot,
  { now, commandLine }: JudgeOptions,
  plan: (known: Known) => Step[],
): Promise<{ id: string }> {
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, commandLine);
    const booted = bootedDeployment(state);
    if (booted === undefined) {
      throw new AtomicError("conflict", "judging this boot: no deployment is booted", { hint: "atomic host status" });
    }
    const known: Known = {
      state,
      failures: loadFailures(sysroot, state.deployments),
      events: readHistory(sysroot, booted.stateroot),
      time: now ?? Math.floor(Date.now() / 1000),
    };
    await applyPlan({ sysroot, state, bootTries: 0 }, [...planFallback(known), ...plan(known)]);
    return { id: booted.id };
  });
}
