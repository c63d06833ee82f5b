/** `atomic run` with the name of a container there is, as /usr/bin/atomic has it: a program in it, or its start. */
import { isatty } from "node:tty";
import { type Engine, isRunning, type NamedContainer, namedStatus, startNamed } from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";
import { writeStderr } from "../output.ts";
import { execSession } from "./exec-session.ts";
import { startSession } from "./start-session.ts";

export interface AgainOptions {
  /** The commit of the image that was asked for. */
  commit: string;
  /** The operator's words; not those of a label. */
  command: readonly string[];
  detach: boolean;
  interactive: boolean;
}

/**
 * Runs the operator's words in a container, which is started first if need be; without words an interactive one's own
 * program. One that does not run is started as it was.
 * @returns an exit status
 * @throws AtomicError exists when it is of another image, conflict when it is paused, nothing-to-do when it runs
 */
export async function runAgain(engine: Engine, container: NamedContainer, options: AgainOptions): Promise<number> {
  const { name, image, defaults } = container;
  const { command, detach, interactive } = options;
  const hint = "atomic run --replace IMAGE";
  if (container.commit !== options.commit)
    throw new AtomicError("exists", `running container ${name}: it was made of another image, ${image}`, { hint });
  const present = namedStatus(engine, container);
  if (!isRunning(present)) {
    if (command.length === 0) return startSession(engine, container, { detach, interactive, discard: false });
    const { warnings } = await startNamed(engine, container, { detach: true, interactive: false });
    for (const warning of warnings) writeStderr(`${warning}\n`);
  }
  const own = container.command.length > 0 ? container.command : defaults.cmd;
  const words = command.length > 0 ? command : interactive ? own : [];
  if (words.length === 0)
    throw new AtomicError("nothing-to-do", `running container ${name}: it is ${present.status}`, { hint });
  const terminal = !detach && isatty(0);
  return execSession(engine, container, { command: words, env: [], terminal, interactive: true, detached: detach });
}
