/** Runs the program as a user does, in a process of its own. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

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

/** The same, and the answer as JSON. @throws SyntaxError when standard output holds anything else */
export function cliJson(argv: string[], env: Record<string, string> = {}): { status: number | null; json: unknown } {
  const { status, stdout } = cli([...argv, "--json"], env);
  return { status, json: JSON.parse(stdout) as unknown };
}
