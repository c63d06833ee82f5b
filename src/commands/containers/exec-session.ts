/** Running another program in a container for somebody who may watch it. */
import { closeSync, openSync } from "node:fs";
import { type Engine, type ExecRequest, execNamed, type NamedContainer } from "../../containers/index.ts";
import { writeStderr } from "../output.ts";
import { ownWindowSize } from "./own-window-size.ts";

export interface ExecSession extends Omit<ExecRequest, "size" | "descriptors"> {
  /** Give it the caller's standard input. */
  interactive: boolean;
}

/** Runs a program, and shows it until it ends unless it is detached. @returns its exit status; 0 when detached */
export async function execSession(
  engine: Engine,
  container: NamedContainer,
  { interactive, ...request }: ExecSession,
): Promise<number> {
  const { terminal: wantsTerminal, detached } = request;
  const session = wantsTerminal ? await import("./terminal-session.ts") : undefined;
  const size = wantsTerminal ? ownWindowSize() : undefined;
  const input = interactive && !detached ? 0 : openSync("/dev/null", "r");
  const output = detached ? openSync("/dev/null", "w") : undefined;
  const { ended, terminal, warnings } = execNamed(engine, container, {
    ...request,
    ...(size === undefined ? {} : { size }),
    descriptors: [input, output ?? 1, output ?? 2],
  });
  if (input !== 0) closeSync(input);
  if (output !== undefined) closeSync(output);
  for (const warning of warnings) writeStderr(`${warning}\n`);
  if (detached) return 0;
  return terminal === undefined ? ended : session!.useTerminal(terminal, interactive, ended);
}
