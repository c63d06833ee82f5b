import { string } from "@oclif/core/flags";
import { createNetwork, formatSubnet, networkStore } from "../../containers/index.ts";
import { textArg } from "../args.ts";
import { BaseCommand } from "../base.ts";

/** `atomic network create` */
export default class NetworkCreate extends BaseCommand {
  static override description =
    "Containers of one network reach each other by name; those of different networks do not reach each other.";
  static override args = { name: textArg({ description: "name of the network", required: true }) };
  static override flags = {
    subnet: string({ summary: "its addresses; a free /24 if left out", helpValue: "ADDRESS/PREFIX" }),
  };
  static override examples = ["<%= config.bin %> network create backend --subnet 10.120.0.0/24"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkCreate);
    const { name, bridge, subnet } = await createNetwork(
      networkStore(process.env["ATOMIC_RUN"]),
      args.name,
      flags.subnet,
    );
    const result = { name, bridge, subnet: formatSubnet(subnet) };
    this.show(flags, result, () => `network ${name}: ${result.subnet}`);
  }
}
