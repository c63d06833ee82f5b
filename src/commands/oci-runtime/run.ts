/**
 * `atomic-runtime`: the command line by which podman, containerd and CRI-O drive a runtime. Plain functions instead of
 * oclif classes: a container costs three of these processes.
 * Spec: https://github.com/opencontainers/runtime-tools/blob/master/docs/command-line-interface.md
 */
import { appendFileSync } from "node:fs";
import pkg from "../../../package.json" with { type: "json" };
import { AtomicError, exitStatus, isAtomicError } from "../../errors.ts";
import { type RuntimeOptions, splitArguments } from "./options.ts";
import { VERBS } from "./verbs.ts";

/** Runs the program with `argv` (without its own name) and returns its exit status. */
export async function runRuntime(argv: readonly string[]): Promise<number> {
  let options: RuntimeOptions | undefined;
  try {
    const split = splitArguments(argv);
    options = split.options;
    if (split.verb === "version") {
      process.stdout.write(`atomic-runtime version ${pkg.version}\nspec: 1.2.1\n`);
      return 0;
    }
    const verb = VERBS[split.verb];
    if (verb === undefined) {
      const hint = `atomic-runtime ${Object.keys(VERBS).join("|")}`;
      throw new AtomicError("usage", `there is no verb ${JSON.stringify(split.verb)}`, { hint });
    }
    return (await verb(options, split.rest)) ?? 0;
  } catch (error) {
    if (!isAtomicError(error)) throw error;
    report(error, options);
    return exitStatus(error.code);
  }
}

/** Callers read the log file, people the standard error. */
function report(error: AtomicError, options: RuntimeOptions | undefined): void {
  process.stderr.write(`atomic-runtime: ${error.message}\n`);
  if (options?.log === undefined) return;
  const entry = { msg: error.message, level: "error", time: new Date().toISOString() };
  appendFileSync(
    options.log,
    options.logFormat === "json" ? `${JSON.stringify(entry)}\n` : `${entry.time} ${entry.msg}\n`,
  );
}
