/**
 * oclif's view of the verb table.
 *
 * oclif looks for commands on disk, where a compiled program has none; so it is handed a ready-made plugin.
 */
import { Config } from "@oclif/core/config";
import type { Command } from "@oclif/core/command";
import type { Plugin, PJSON } from "@oclif/core/interfaces";
import pkg from "../../package.json" with { type: "json" };
import { commandId, TOPICS, VERBS, type Verb } from "./table.ts";

/** Loads oclif's configuration, as its help needs it: the program's name and version and every verb of the table. */
export async function loadConfig(): Promise<Config> {
  // oclif asks who the user is, and fails where no user database knows; nothing of ours depends on it.
  process.env["HOME"] ??= "/";
  process.env["SHELL"] ??= "/bin/sh";
  const pjson = {
    name: "atomic",
    version: pkg.version,
    description: pkg.description,
    oclif: { bin: "atomic", topicSeparator: " " },
  } satisfies PJSON;
  const commands = Object.entries(VERBS).map(([words, verb]) => loadable(words, verb));
  const plugin: Plugin = {
    _base: "",
    alias: "atomic",
    name: "atomic",
    version: pkg.version,
    type: "core",
    moduleType: "module",
    root: "/",
    isRoot: true,
    valid: true,
    pjson,
    options: { root: "/" },
    hooks: {},
    topics: Object.entries(TOPICS).map(([name, description]) => ({ name: commandId(name), description })),
    commands,
    commandIDs: commands.map((command) => command.id),
    commandsDir: undefined,
    hasManifest: true,
    findCommand: (id: string) => commands.find((command) => command.id === id)?.load() as Promise<Command.Class>,
    load: async () => {},
  };
  return Config.load({ root: "/", pjson, plugins: new Map([[plugin.name, plugin]]) });
}

function loadable(words: string, verb: Verb): Command.Loadable {
  const id = commandId(words);
  return {
    id,
    summary: verb.summary,
    pluginName: "atomic",
    aliases: [],
    hiddenAliases: [],
    hidden: false,
    args: {},
    flags: {},
    async load() {
      const { default: VerbCommand } = await verb.load();
      VerbCommand.id = id;
      return VerbCommand;
    },
  };
}
