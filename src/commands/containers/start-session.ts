/** Starting a container for somebody who may watch it. */
import {
  type Engine,
  finishContainer,
  type NamedContainer,
  removeContainer,
  startNamed,
} from "../../containers/index.ts";
import { writeStderr } from "../output.ts";
import { ownWindowSize } from "./own-window-size.ts";

export interface SessionOptions {
  detach: boolean;
  interactive: boolean;
  /** Remove one that cannot be started. */
  discard: boolean;
}

/** Starts a container, and shows it until it ends unless it is detached. @returns its exit status; 0 when detached */
export async function startSession(
  engine: Engine,
  container: NamedContainer,
  { detach, interactive, discard }: SessionOptions,
): Promise<number> {
  const session = container.options.terminal && !detach ? await import("./terminal-session.ts") : undefined;
  const size = ownWindowSize();
  let started;
  try {
    started = await startNamed(engine, container, { detach, interactive, ...(size === undefined ? {} : { size }) });
  } catch (error) {
    if (discard) await removeContainer(engine, container, { force: true });
    throw error;
  }
  for (const warning of started.warnings) writeStderr(`${warning}\n`);
  if (detach) return 0;
  const status = finishContainer(engine, started);
  return started.terminal === undefined ? status : session!.useTerminal(started.terminal, interactive, status);
}
