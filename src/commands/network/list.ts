import { formatSubnet, networkStore, readNetworks } from "../../containers/index.ts";
import { BaseCommand } from "../base.ts";
import { stdoutStyle } from "../render/style.ts";
import { table } from "../render/table.ts";

/** `atomic network list` */
export default class NetworkList extends BaseCommand {
  async run(): Promise<void> {
    const { flags } = await this.parse(NetworkList);
    const networks = readNetworks(networkStore(process.env["ATOMIC_RUN"])).map(({ name, bridge, subnet, leases }) => ({
      name,
      bridge,
      subnet: formatSubnet(subnet),
      containers: leases.flatMap(({ names }) => names.slice(0, 1)),
    }));
    const heading = ["network", "subnet", "bridge", "containers"].map((name) => ({ name }));
    const rows = networks.map((network) => [
      network.name,
      network.subnet,
      network.bridge,
      network.containers.join(", ") || "-",
    ]);
    this.show(flags, networks, () => table(heading, rows, stdoutStyle()));
  }
}
