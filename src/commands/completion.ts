import { BaseCommand } from "./base.ts";
import { textArg } from "./args.ts";
import { writeStdout } from "./output.ts";

export default class Completion extends BaseCommand {
  static override args = { shell: textArg({ required: true, options: ["bash", "zsh", "fish"] }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    writeStdout(args.shell);
  }
}
