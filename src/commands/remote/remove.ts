import { removeRemote } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { RepoCommand } from "../repo/base.ts";

/** `atomic remote remove` */
export default class RemoteRemove extends RepoCommand {
  static override description = "What was pulled from it stays.";
  static override args = { name: textArg({ description: "the remote", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteRemove);
    await removeRemote(this.open(flags), args.name);
    this.show(flags, { name: args.name }, () => `removed remote ${args.name}`);
  }
}
