#!/usr/bin/env bun
/**
 * The `atomic` program, and `atomic-runtime`: the same file under another name.
 *
 * `--version` is answered before anything is loaded; everything else goes to the command table.
 */
import { basename } from "node:path";
import pkg from "../package.json" with { type: "json" };

async function main(argv: string[]): Promise<void> {
  if (argv[0] === "--version" && basename(process.argv0) !== "atomic-runtime") {
    console.log(`atomic ${pkg.version}`);
    return;
  }
  const { runCli, runOciRuntime } = await import("./commands/index.ts");
  process.exitCode = await (basename(process.argv0) === "atomic-runtime" ? runOciRuntime(argv) : runCli(argv));
}

void main(process.argv.slice(2));
