/** The command lines: of `atomic`, one oclif class per verb; of `atomic-runtime`, which loads none of them. */
export { runCli } from "./run-cli.ts";

/** Runs `atomic-runtime` with `argv` (without its own name) and returns its exit status. */
export async function runOciRuntime(argv: readonly string[]): Promise<number> {
  const { runRuntime } = await import("./oci-runtime/run.ts");
  return runRuntime(argv);
}
