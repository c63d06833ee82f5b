/** Restarting userspace into the next deployment, without firmware, loader and kernel. Spec: systemd-soft-reboot.service(8) */
import { existsSync } from "node:fs";
import { AtomicError, isAtomicError } from "../errors.ts";
import { run } from "../spawn.ts";
import type { Deployment } from "./deployment.ts";
import { finalize } from "./finalize.ts";
import { bootedDeployment, loadHostState } from "./host-state.ts";
import { mountDeployment, unmountDeployment } from "./mount-deployment.ts";
import type { Sysroot } from "./sysroot.ts";
import { imageDefects } from "./verify-host.ts";

/** The first systemd that restarts into `/run/nextroot`. */
const SYSTEMD = 254;

export interface SoftRebootOptions {
  commandLine?: string;
  /** Where systemd looks for the next root. */
  nextRoot?: string;
  /** Starts the restart; systemd's own way without it. */
  restart?: () => void;
}

/**
 * Finalizes what is staged, mounts what boots next as systemd's next root, and restarts userspace into it.
 * @throws AtomicError nothing-to-do when that is booted; conflict when nothing is booted or it has another kernel or
 *   other kernel arguments; corrupt when its image is damaged; unsupported without systemd 254
 */
export async function softReboot(sysroot: Sysroot, options: SoftRebootOptions = {}): Promise<{ id: string }> {
  const { commandLine, nextRoot = "/run/nextroot", restart = systemdRestart() } = options;
  const { booted, next } = target(sysroot, commandLine);
  requireSameKernel(booted, next);
  const [defect] = imageDefects(sysroot, next);
  if (defect !== undefined) {
    throw new AtomicError("corrupt", `restarting into ${next.id}: ${defect.what}`, { hint: "atomic host verify" });
  }
  if (next.staged) await finalize(sysroot, commandLine === undefined ? {} : { commandLine });
  sysroot.disk.ensureDirectory(nextRoot, 0o755);
  forgetNextRoot(nextRoot);
  mountDeployment(sysroot, {
    directory: nextRoot,
    target: next.id,
    ...(commandLine === undefined ? {} : { commandLine }),
  });
  try {
    restart();
  } catch (error) {
    forgetNextRoot(nextRoot);
    throw error;
  }
  return { id: next.id };
}

function target(sysroot: Sysroot, commandLine: string | undefined): { booted: Deployment; next: Deployment } {
  const state = loadHostState(sysroot, commandLine);
  const booted = bootedDeployment(state);
  const [next] = state.deployments;
  if (booted === undefined || next === undefined) {
    throw new AtomicError("conflict", "restarting userspace: no deployment is booted", { hint: "systemctl reboot" });
  }
  if (next.booted) throw new AtomicError("nothing-to-do", `restarting into ${next.id}: it is booted`);
  return { booted, next };
}

/** The kernel and its arguments stay as they are: the next deployment must want the same. */
function requireSameKernel(booted: Deployment, next: Deployment): void {
  const differing = (
    [
      ["kernel", ({ origin }: Deployment) => `${origin.kernel} (${origin.bootChecksum.slice(0, 12)})`],
      ["kernel arguments", ({ origin }: Deployment) => `'${origin.kargs.join(" ")}'`],
    ] as const
  ).find(([, of]) => of(booted) !== of(next));
  if (differing === undefined) return;
  const [what, of] = differing;
  throw new AtomicError("conflict", `restarting into ${next.id}: ${what}: expected ${of(booted)}, found ${of(next)}`, {
    hint: "systemctl reboot",
  });
}

/** @throws AtomicError unsupported */
function systemdRestart(): () => void {
  const hint = "systemctl reboot";
  if (!existsSync("/run/systemd/system")) {
    throw new AtomicError("unsupported", "restarting userspace: systemd does not run here", { hint: "reboot" });
  }
  const said = run(["systemctl", "--version"]).stdout.toString("utf8");
  const version = Number(/^systemd (\d+)/.exec(said)?.[1] ?? 0);
  if (version < SYSTEMD) {
    throw new AtomicError("unsupported", `restarting userspace: expected systemd ${SYSTEMD}, found ${version}`, {
      hint,
    });
  }
  return () => void run(["systemctl", "soft-reboot", "--no-block"]);
}

/** Unmounts what an earlier attempt left. */
function forgetNextRoot(nextRoot: string): void {
  try {
    unmountDeployment(nextRoot);
  } catch (error) {
    if (!isAtomicError(error, "not-found")) throw error;
  }
}
