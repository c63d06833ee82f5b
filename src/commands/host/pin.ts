import { setPinned } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { HostCommand } from "./base.ts";

/** `atomic host pin` */
export default class HostPin extends HostCommand {
  static override args = { index: textArg({ description: "index or id of the deployment", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostPin);
    const { id } = await setPinned(this.open(flags), { target: args.index, pinned: true });
    this.show(flags, { id, pinned: true }, () => `pinned deployment ${args.index}`);
  }
}
