#!/usr/bin/env bun
/**
 * The `atomic` program.
 *
 * `--version` is answered before anything is loaded; everything else goes to the command table.
 */
import pkg from "../package.json" with { type: "json" };

async function main(argv: string[]): Promise<void> {
  if (argv[0] === "--version") {
    console.log(`atomic ${pkg.version}`);
    return;
  }
  const { runCli } = await import("./commands/index.ts");
  process.exitCode = await runCli(argv);
}

void main(process.argv.slice(2));
