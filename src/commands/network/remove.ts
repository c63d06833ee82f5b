import { networkStore, removeNetwork } from "../../containers/index.ts";
import { textArg } from "../args.ts";
import { BaseCommand } from "../base.ts";

/** `atomic network remove` */
export default class NetworkRemove extends BaseCommand {
  static override args = { name: textArg({ description: "name of the network", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkRemove);
    await removeNetwork(networkStore(process.env["ATOMIC_RUN"]), args.name);
    this.show(flags, { name: args.name }, () => `removed network ${args.name}`);
  }
}
