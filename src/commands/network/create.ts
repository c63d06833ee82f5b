import { boolean, string } from "@oclif/core/flags";
import { createNetwork, formatSubnet, networkStore } from "../../containers/index.ts";
import { textArg } from "../args.ts";
import { BaseCommand } from "../base.ts";

/** `atomic network create` */
export default class NetworkCreate extends BaseCommand {
  static override description =
    "Containers of one network reach each other by name; those of different networks do not reach each other.";
  static override args = { name: textArg({ description: "name of the network", required: true }) };
  static override flags = {
    subnet: string({
      summary: "its addresses, once for IPv4 and once for IPv6; a free /24 if left out",
      helpValue: "ADDRESS/PREFIX",
      multiple: true,
      multipleNonGreedy: true,
    }),
    ipv6: boolean({ summary: "addresses of IPv6 too; a /64 of its own without such a --subnet" }),
  };
  static override examples = ["<%= config.bin %> network create backend --subnet 10.120.0.0/24 --ipv6"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(NetworkCreate);
    const { name, bridge, subnet, subnet6 } = await createNetwork(networkStore(process.env["ATOMIC_RUN"]), args.name, {
      subnets: flags.subnet ?? [],
      ipv6: flags.ipv6,
    });
    const own = { subnet: formatSubnet(subnet), ...(subnet6 === undefined ? {} : { subnet6: formatSubnet(subnet6) }) };
    this.show(flags, { name, bridge, ...own }, () => `network ${name}: ${Object.values(own).join(", ")}`);
  }
}
