/**
 * Containers as transient units of systemd, `atomic-NAME.service`: started again, logged and shown by it. systemd starts
 * and stops them by the verbs an operator uses. Spec: systemd.service(5), systemd-run(1)
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { outcomeOf, run } from "../../spawn.ts";
import type { RestartPolicy } from "../configure/restart-policy.ts";
import type { Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";
import { stopSignal } from "./stop-signal.ts";

const SYSTEMD = "/run/systemd/system";
const SLICE = "machine.slice";
/** Seconds a container may take to end when systemd stops it. */
const STOP_SECONDS = 10;
/** Seconds that `atomic stop` may take beyond those. */
const STOP_MARGIN = 20;
const STOP_TIMEOUT_MS = 300_000;
const RESTART_DELAY = "100ms";

/** The unit of a container that was run with `--unit`. */
export function unitName({ name }: Pick<NamedContainer, "name">): string {
  return `atomic-${name}.service`;
}

/** Starts the unit, and waits until its container runs. @throws AtomicError child-failed; unsupported without systemd */
export function startUnit({ verb, run: directory }: Engine, container: NamedContainer): void {
  const doing = `starting container ${container.name} as ${unitName(container)}`;
  if (verb === undefined || !existsSync(SYSTEMD))
    throw new AtomicError("unsupported", `${doing}: this host was not started by systemd`, {
      hint: "atomic run --detach IMAGE",
    });
  try {
    run(unitCommand(verb, container, directory), { package: "systemd" });
  } catch (error) {
    if (!isAtomicError(error, "child-failed")) throw error;
    throw new AtomicError("child-failed", `${doing}: it failed`, {
      hint: `journalctl --unit ${unitName(container)} --lines 20`,
      cause: error,
    });
  }
}

/** Has systemd stop the unit, and not start it again. It ends its container, if that runs. @throws AtomicError child-failed */
export function stopUnit(container: NamedContainer): void {
  const unit = unitName(container);
  const isLoaded = outcomeOf(["systemctl", "is-enabled", unit], STOP_TIMEOUT_MS).output.includes("transient");
  if (isLoaded) run(["systemctl", "stop", unit], { timeout: STOP_TIMEOUT_MS, package: "systemd" });
}

/** The command that makes and starts the unit; `directory` is the engine's state. */
export function unitCommand(verb: NonNullable<Engine["verb"]>, container: NamedContainer, directory: string): string[] {
  const { name, image, options } = container;
  const properties = {
    Description: `Container ${name} of ${image}`,
    Type: "forking",
    // systemd looks for a main process in the unit's own group alone.
    PIDFile: watcherFile(directory, container),
    // What asks it to end may kill it.
    SuccessExitStatus: String(128 + stopSignal(container)),
    // The container's group is made in the unit's.
    Delegate: "yes",
    OOMPolicy: "continue",
    KillMode: "mixed",
    TimeoutStopSec: String(STOP_SECONDS + STOP_MARGIN),
    ExecStop: commandLine(verb("stop", "--in-unit", `--time=${STOP_SECONDS}`, name)),
    ExecStopPost: commandLine(verb("settle", "--in-unit", name)),
    SyslogIdentifier: name,
    ...restartProperties(options.restart),
  };
  return [
    "systemd-run",
    "--quiet",
    "--collect",
    `--unit=${unitName(container)}`,
    `--slice=${SLICE}`,
    `--setenv=ATOMIC_RUN=${directory}`,
    ...Object.entries(properties).map(([property, value]) => `--property=${property}=${value}`),
    "--",
    // systemd puts variables in.
    ...verb("start", "--in-unit", name).map((word) => word.replaceAll("$", "$$$$")),
  ];
}

/** Notes who watches the container that just started, since that is the unit's main process. @param pid its first process */
export function noteWatcher(directory: string, container: NamedContainer, pid: number): void {
  const [, parent] = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (parent !== undefined) writeFileSync(watcherFile(directory, container), `${parent}\n`, { mode: 0o600 });
}

function watcherFile(directory: string, { id }: NamedContainer): string {
  return join(directory, "bundles", id, "watcher.pid");
}

function restartProperties({ when, max }: RestartPolicy): Record<string, string> {
  if (when === "no") return { Restart: "no" };
  return {
    Restart: when === "on-failure" ? when : "always",
    RestartSec: RESTART_DELAY,
    ...(max === undefined
      ? { StartLimitIntervalSec: "0" }
      : { StartLimitIntervalSec: "infinity", StartLimitBurst: String(max + 1) }),
  };
}

/** A command as a unit has it, into which no variables are put. */
function commandLine(words: readonly string[]): string {
  return `:${words.map((word) => `"${word.replaceAll(/[\\"]/g, "\\$&")}"`).join(" ")}`;
}
