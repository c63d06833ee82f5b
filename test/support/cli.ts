/** Runs the program as a user does, in a process of its own. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { tempDir } from "./temp.ts";

/** What `process.execPath` runs. */
export const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

export interface CliResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs `atomic` with `argv`; nothing of the caller's environment that could change its answers is passed on. Without
 * `--progress` none is reported: what a busy machine takes longer for must not change the output.
 */
export function cli(argv: string[], env: Record<string, string> = {}): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...argv], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ATOMIC_PROGRESS: "none", ...env },
  });
  return { status, stdout, stderr };
}

/**
 * Runs `atomic-runtime`, which is the same program under another name. Its output goes to files: what a container keeps
 * open keeps nobody waiting.
 * @param directory gets the files, `stdout` and `stderr`
 */
export function runtimeCli(argv: string[], directory = tempDir()): CliResult {
  const [stdout, stderr] = ["stdout", "stderr"].map((name) => join(directory, name)) as [string, string];
  const files = [stdout, stderr].map((path) => openSync(path, "w"));
  const { status } = spawnSync(process.execPath, [MAIN, ...argv], {
    argv0: "atomic-runtime",
    stdio: ["ignore", ...files],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  for (const fd of files) closeSync(fd);
  return { status, stdout: readFileSync(stdout, "utf8"), stderr: readFileSync(stderr, "utf8") };
}

/** The answer of `atomic` as JSON. @throws SyntaxError when standard output holds anything else */
export function cliJson(argv: string[], env: Record<string, string> = {}): { status: number | null; json: unknown } {
  const { status, stdout } = cli([...argv, "--json"], env);
  return { status, json: JSON.parse(stdout) as unknown };
}
