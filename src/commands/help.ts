/**
 * Help, as oclif lays it out.
 */
import type { Command } from "@oclif/core/command";
import { Help } from "@oclif/core/help";
import { loadConfig } from "./oclif-config.ts";
import { writeStdout } from "./output.ts";
import { commandId } from "./table.ts";

/** Shows the help of a verb or topic, or the program's own. @throws OutputClosed */
export async function showHelp(words: string | undefined): Promise<void> {
  const config = await loadConfig();
  config.userAgent = `${config.name} ${config.version}`; // the page's VERSION line; oclif would name the runtime
  const help = new AtomicHelp(config, { hideCommandSummaryInDescription: true });
  if (words === undefined) return help.showHelp([]);
  const command = config.findCommand(commandId(words));
  if (command !== undefined) await describe(command);
  return help.showHelp([commandId(words)]);
}

/** Fills in what only the command's own module knows. */
async function describe(command: Command.Loadable): Promise<void> {
  const { args, flags, baseFlags, description, examples, usage } = await command.load();
  Object.assign(command, {
    args: named(args),
    flags: named({ ...flags, ...baseFlags }),
    description,
    examples,
    usage: usage ?? usageLine(command.id, args, flags ?? {}),
  });
}

/** The verb with its arguments; flags are listed below it anyway. */
function usageLine(id: string, args: Record<string, { required?: boolean }>, flags: object): string {
  const words = Object.entries(args).map(([name, { required }]) =>
    required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  );
  return [id.replaceAll(":", " "), ...words, ...(Object.keys(flags).length > 0 ? ["[FLAGS]"] : [])].join(" ");
}

function named<T>(definitions: Record<string, T>): Record<string, T & { name: string }> {
  return Object.fromEntries(Object.entries(definitions).map(([name, definition]) => [name, { ...definition, name }]));
}

class AtomicHelp extends Help {
  protected override log(...lines: string[]): void {
    for (const line of lines) writeStdout(`${line}\n`);
  }
}
