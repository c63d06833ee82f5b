/** The command line: one oclif class per verb. */
export { runCli } from "./run-cli.ts";
