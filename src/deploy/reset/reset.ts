/** Factory reset: the booted tree again, with its own `/etc` and an empty `/var`, in a stateroot of its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { chooseStateroot } from "../default-stateroot.ts";
import { parseStateroot, type Stateroot } from "../deployment-id.ts";
import { type HostState, loadHostState } from "../host-state.ts";
import { type DeployResult, makeDeployment } from "../make-deployment.ts";
import { mergeSource } from "../plan-deploy.ts";
import { preflight } from "../preflight.ts";
import { staterootPath, type Sysroot, withSysrootLock } from "../sysroot.ts";
import { carriedNeed, presentPaths } from "./carry-host-files.ts";
import { ALWAYS_KEPT, parseKeptPath } from "./kept-path.ts";

export interface ResetOptions {
  stateroot?: string;
  /** Paths below `/etc` or `/var` to keep, with all below them. */
  keep?: readonly string[];
  /** Asked before anything changes; false leaves the host as it is. */
  confirm?: (reset: ResetPlan) => boolean;
  dryRun?: boolean;
  reason?: string;
  /** The time of the deployment, in seconds since the epoch; now without it. */
  now?: number;
  commandLine?: string;
}
export interface ResetPlan {
  /** The stateroot that is reset, and the one that takes its place. */
  from: Stateroot;
  to: Stateroot;
  kargs: string[];
  /** What is kept: the operator's paths, and what the machine needs, if it has it. */
  kept: string[];
}
export interface ResetResult extends ResetPlan {
  deployment: DeployResult;
}

/**
 * Deploys the commit of the present deployment once more, in a new stateroot: `/etc` and `/var` as the image has them,
 * but for what is kept. The old stateroot stays as it is, and `rollback --to` returns to it, until it is removed.
 * @throws AtomicError usage (a path); not-found when a path to keep is not there; conflict when nothing is deployed or
 *   it was not confirmed; no-space, locked, read-only
 */
export async function reset(sysroot: Sysroot, options: ResetOptions = {}): Promise<ResetResult> {
  const asked = (options.keep ?? []).map(parseKeptPath);
  return withSysrootLock(sysroot, async () => {
    const state = loadHostState(sysroot, options.commandLine);
    const from = chooseStateroot(sysroot, state, options.stateroot);
    const current = mergeSource(state, from);
    if (current === undefined) {
      throw new AtomicError("conflict", `resetting stateroot ${from}: nothing is deployed in it`, {
        hint: "atomic host deploy SPEC",
      });
    }
    const missing = asked.find((path) => presentPaths(sysroot, current, [path]).length === 0);
    if (missing !== undefined) {
      throw new AtomicError("not-found", `keeping ${missing}: it is not there`, { hint: `ls -d ${missing}` });
    }
    const kept = outermost([...new Set([...presentPaths(sysroot, current, ALWAYS_KEPT), ...asked])]);
    const { spec, from: source, kargs } = current.origin;
    const plan: ResetPlan = { from, to: freeStateroot(sysroot, state, from), kargs, kept };
    const { dryRun = false, confirm = () => true, reason, now } = options;
    preflight([carriedNeed(sysroot, current, kept)]);
    if (!dryRun && !confirm(plan)) throw new AtomicError("conflict", `resetting stateroot ${from}: not confirmed`);

    if (!dryRun) sysroot.disk.removeTree(join(staterootPath(sysroot, plan.to), "var")); // of a reset that was cut short
    const deployment = await makeDeployment(sysroot, state, {
      stateroot: plan.to,
      commit: current.commit,
      spec,
      ...(source === undefined ? {} : { from: source }),
      action: "reset",
      kargs: { appendIfMissing: kargs },
      stage: false,
      carry: { from: current, paths: kept },
      dryRun,
      ...(reason === undefined ? {} : { reason }),
      ...(now === undefined ? {} : { now }),
    });
    return { ...plan, deployment };
  });
}

/** `paths` without those that lie below another one. */
function outermost(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => path.startsWith(`${other}/`))).sort();
}

/** `<name>-2` or the next number that no deployment and no history knows. */
function freeStateroot(sysroot: Sysroot, state: HostState, name: Stateroot): Stateroot {
  const [, stem = name, number = "1"] = /^(.+)-([1-9][0-9]{0,5})$/.exec(name) ?? [];
  const used = new Set([...state.deployments, ...state.damaged].map(({ stateroot }) => stateroot));
  for (let next = Number(number) + 1; ; next += 1) {
    const free = parseStateroot(`${stem}-${next}`);
    if (!used.has(free) && !existsSync(join(staterootPath(sysroot, free), "history.jsonl"))) return free;
  }
}
