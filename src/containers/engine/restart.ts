/** Starting containers again as their policy says: whoever settled one that ended does it, or the operator after a boot. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readExit } from "./exit.ts";
import { bundleDirectory, dataDirectory, type Engine } from "./place.ts";
import { listNamed, type NamedContainer, readNamed } from "./record.ts";
import { startNamed } from "./start.ts";
import { isRunning, namedStatus } from "./status.ts";
import { RESTARTS_FILE, STOPPED_FILE } from "./stopped.ts";

/** What is known of restarts: how many since the operator's start, the last delay, and when the last was. */
interface Restarts {
  count: number;
  /** Milliseconds. */
  delay: number;
  at: number;
}

const FIRST_DELAY = 100;
const MAX_DELAY = 60_000;
/** One that ran so long is not failing over and over. */
const GOOD_RUN = 10_000;

/**
 * Starts a settled container again if its policy says so, after a delay that doubles while it keeps failing.
 * @returns whether it was started @throws AtomicError as `startNamed`; not-found when it was removed meanwhile
 */
export async function restartByPolicy(engine: Engine, container: NamedContainer): Promise<boolean> {
  const { restart, unit } = container.options;
  if (unit === true) return false; // systemd does
  if (!isDue(engine, container)) return false;
  const path = join(bundleDirectory(engine, container.id), RESTARTS_FILE);
  const before = readRestarts(path);
  if (restart.max !== undefined && before.count >= restart.max) return false;
  const ran = Date.now() - before.at;
  const delay = ran > GOOD_RUN + before.delay ? FIRST_DELAY : Math.min(before.delay * 2, MAX_DELAY);
  await sleep(delay);
  if (readNamed(engine, container.name).id !== container.id) return false;
  if (isStopped(engine, container) || isRunning(namedStatus(engine, container))) return false;
  const restarts: Restarts = { count: before.count + 1, delay, at: Date.now() };
  writeFileSync(path, JSON.stringify(restarts), { mode: 0o600 });
  await startNamed(engine, container, { detach: true, interactive: false, again: true });
  return true;
}

/** Containers that a boot should start: those whose policy is always, and what the operator had not stopped before. */
export function startedAtBoot(engine: Engine): NamedContainer[] {
  return listNamed(engine).filter((container) => {
    const { when } = container.options.restart;
    if (isRunning(namedStatus(engine, container))) return false;
    return when === "always" || (when === "unless-stopped" && !isStopped(engine, container));
  });
}

function isDue(engine: Engine, container: NamedContainer): boolean {
  const { when } = container.options.restart;
  if (when === "no" || isStopped(engine, container)) return false;
  return when !== "on-failure" || readExit(engine, container)?.exitCode !== 0;
}

function isStopped(engine: Engine, { name }: NamedContainer): boolean {
  return existsSync(join(dataDirectory(engine, name), STOPPED_FILE));
}

function readRestarts(path: string): Restarts {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Restarts;
  } catch {
    return { count: 0, delay: FIRST_DELAY / 2, at: Date.now() }; // none so far
  }
}
