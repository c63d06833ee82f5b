import { setPinned } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { HostCommand } from "./base.ts";

/** `atomic host unpin` */
export default class HostUnpin extends HostCommand {
  static override args = { index: textArg({ description: "index or id of the deployment", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostUnpin);
    const { id } = await setPinned(this.open(flags), { target: args.index, pinned: false });
    this.show(flags, { id, pinned: false }, () => `unpinned deployment ${args.index}`);
  }
}
