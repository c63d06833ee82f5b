/**
 * What every verb shares: the global flags, and one way to answer.
 */
import { Command } from "@oclif/core/command";
import { Config } from "@oclif/core/config";
import { boolean, option } from "@oclif/core/flags";
import type { Logger } from "@oclif/core/interfaces";
import { setLogger } from "@oclif/core/logger";
import { expectLongWork } from "../bun.ts";
import { createProgress, PROGRESS_MODES, type Progress, type ProgressMode } from "../progress.ts";
import { directoryFlag } from "./args.ts";
import { stderrSink, writeStdout } from "./output.ts";

/** The flags every verb takes. */
export const globalFlags = {
  sysroot: directoryFlag({
    summary: "root directory of the host",
    default: "/",
    env: "ATOMIC_SYSROOT",
    helpGroup: "GLOBAL",
  }),
  json: boolean({ summary: "answer in JSON", helpGroup: "GLOBAL" }),
  progress: option({
    summary: "how to report long work",
    options: PROGRESS_MODES,
    default: "auto" as ProgressMode,
    env: "ATOMIC_PROGRESS",
    helpGroup: "GLOBAL",
  })(),
  help: boolean({ summary: "explain this command", helpGroup: "GLOBAL" }),
};

/** A command class: concrete, with the static properties `BaseCommand` lists. */
export type VerbClass = typeof BaseCommand & (new (...args: Words) => BaseCommand);
type Words = ConstructorParameters<typeof BaseCommand>;

/** oclif's configuration without what it would read from disk, twice for each verb: plugins, their hooks, a theme. */
class WithoutPlugins extends Config {
  override bin = "atomic";

  override async runHook(): Promise<{ failures: []; successes: [] }> {
    return { failures: [], successes: [] };
  }
}

/** What oclif would tell its own developers. */
const quiet: Logger = {
  namespace: "oclif",
  child: () => quiet,
  debug() {},
  error() {},
  info() {},
  trace() {},
  warn() {},
};

/** A verb. It parses its flags, calls one use case and shows what came back. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags;

  /** Runs the verb with its words; returns the exit status if it is not `EXIT.done`. */
  static async runWith(this: new (...args: Words) => BaseCommand, argv: string[]): Promise<number | void> {
    setLogger({ root: "/", logger: quiet });
    return new this(argv, new WithoutPlugins({ root: "/" }))._run<number | void>();
  }

  /** Does the work; returns the exit status if it is not `EXIT.done`. */
  abstract override run(): Promise<number | void>;

  /** Shows a result: `json` under `--json`, else the text `render` makes of it. @throws OutputClosed */
  protected show(flags: { json: boolean }, json: unknown, render: () => string): void {
    if (flags.json) return writeStdout(`${JSON.stringify(json, null, 2)}\n`);
    const text = render();
    if (text !== "") writeStdout(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** The progress report the flags ask for, to be called before long work; `--json` alone asks for none. */
  protected progress(flags: { json: boolean; progress: ProgressMode }): Progress {
    expectLongWork();
    return createProgress(flags.json && flags.progress === "auto" ? "none" : flags.progress, stderrSink());
  }

  protected override async catch(error: Error): Promise<never> {
    throw error;
  }
}
