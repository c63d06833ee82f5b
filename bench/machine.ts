/** What the numbers were measured on; nothing that names the machine. */
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { run } from "../src/spawn.ts";

/** Facts as name and value. `directory` is where the programs wrote. */
export function machineFacts(
  directory: string,
  programs: Readonly<Record<string, readonly string[]>>,
): [string, string][] {
  const models = cpus().map(({ model }) => model);
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "unknown";
  return [
    ["CPU", `${models[0]}, ${models.length} cores`],
    ["memory", `${(totalmem() / 1024 ** 3).toFixed(1)} GiB`],
    ["kernel", release()],
    ["filesystem", output(["findmnt", "--noheadings", "--output=FSTYPE", `--target=${directory}`])],
    ["system", system],
    ...Object.entries(programs).map(([name, program]): [string, string] => [name, versionOf(program)]),
  ];
}

/** The first thing that looks like a version. */
function versionOf(program: readonly string[]): string {
  const text = output([...program, "--version"]);
  return /[0-9]+[.][0-9]+(?:[.][0-9]+)*/.exec(text)?.[0] ?? "unknown";
}

function output(argv: readonly string[]): string {
  return run(argv).stdout.toString("utf8").trim();
}
