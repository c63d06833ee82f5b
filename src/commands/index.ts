/** The command lines: of `atomic`, one oclif class per verb; of `atomic-runtime`, which loads none of them. */
export { runOciRuntime } from "./oci-runtime/run.ts";
export { runCli } from "./run-cli.ts";
