import { option } from "@oclif/core/args";
import { BaseCommand } from "./base.ts";
import { SCRIPTS, type Shell } from "./complete/scripts.ts";
import { writeStdout } from "./output.ts";

/** `atomic completion` */
export default class Completion extends BaseCommand {
  static override description = "Completes verbs, flags, refs and the indexes of deployments.";
  static override args = {
    shell: option({ options: Object.keys(SCRIPTS) as Shell[], ignoreStdin: true })({ required: true }),
  };
  static override examples = ["source <(<%= config.bin %> completion bash)"];

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    writeStdout(SCRIPTS[args.shell]);
  }
}
