/**
 * What every verb shares: the global flags, and one way to answer.
 */
import { custom } from "@oclif/core/args";
import { Command } from "@oclif/core/command";
import { boolean, option, string } from "@oclif/core/flags";
import { AtomicError } from "../errors.ts";
import { createProgress, PROGRESS_MODES, type Progress, type ProgressMode } from "../progress.ts";
import { stderrSink, writeStdout } from "./output.ts";

/** The flags every verb takes. */
export const globalFlags = {
  sysroot: string({
    summary: "root directory of the host",
    default: "/",
    env: "ATOMIC_SYSROOT",
    helpValue: "DIR",
    helpGroup: "GLOBAL",
  }),
  json: boolean({ summary: "answer in JSON", helpGroup: "GLOBAL" }),
  progress: option({
    summary: "how to report long work",
    options: PROGRESS_MODES,
    default: "auto" as ProgressMode,
    helpGroup: "GLOBAL",
  })(),
  help: boolean({ summary: "explain this command", helpGroup: "GLOBAL" }),
};

/** A positional argument. oclif would read a missing one from standard input; ours is simply missing. */
export const textArg = custom<string>({ ignoreStdin: true });

/** A positional argument that is a deployment's index. */
export const indexArg = custom<number>({ ignoreStdin: true, parse: async (text) => parseIndex(text) });

/** The deployment index written as `text`. @throws AtomicError usage unless it is a small whole number */
export function parseIndex(text: string): number {
  if (!/^\d{1,4}$/.test(text)) {
    throw new AtomicError("usage", `reading deployment index ${JSON.stringify(text)}: expected a number such as 0 or 1`, {
      hint: "atomic host status",
    });
  }
  return Number(text);
}

/** A verb. It parses its flags, calls one use case and shows what came back. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;

  /** Does the work; returns the exit status if it is not `EXIT.done`. */
  abstract override run(): Promise<number | void>;

  /** Shows a result: `json` under `--json`, else the text `render` makes of it. @throws OutputClosed */
  protected show(flags: { json: boolean }, json: unknown, render: () => string): void {
    if (flags.json) return writeStdout(`${JSON.stringify(json, null, 2)}\n`);
    const text = render();
    if (text !== "") writeStdout(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** The progress report the flags ask for; `--json` alone asks for none. */
  protected progress(flags: { json: boolean; progress: ProgressMode }): Progress {
    return createProgress(flags.json && flags.progress === "auto" ? "none" : flags.progress, stderrSink());
  }

  protected override async catch(error: Error): Promise<never> {
    throw error;
  }
}
