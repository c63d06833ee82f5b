import { formatSubnet, networkStore, readNetworks } from "../../containers/index.ts";
import { BaseCommand } from "../base.ts";
import { stdoutStyle } from "../render/style.ts";
import { table } from "../render/table.ts";

/** `atomic network list` */
export default class NetworkList extends BaseCommand {
  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkList);
    const networks = readNetworks(networkStore(process.env["ATOMIC_RUN"])).map(
      ({ subnet, subnet6, leases, ...network }) => ({
        name: network.name,
        bridge: network.bridge,
        subnet: formatSubnet(subnet),
        ...(subnet6 === undefined ? {} : { subnet6: formatSubnet(subnet6) }),
        containers: leases.flatMap(({ names }) => names.slice(0, 1)),
      }),
    );
    const heading = ["network", "subnet", "bridge", "containers"].map((name) => ({ name }));
    const rows = networks.map((network) => [
      network.name,
      [network.subnet, ...(network.subnet6 === undefined ? [] : [network.subnet6])].join(", "),
      network.bridge,
      network.containers.join(", ") || "-",
    ]);
    this.show(flags, networks, () => table(heading, rows, stdoutStyle()));
  }
}
