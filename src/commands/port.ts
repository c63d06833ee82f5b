import { findNamed, leaseOf } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic port` */
export default class Port extends ContainerCommand {
  static override description = "Lists which ports of the host lead to a running container.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Port);
    const engine = await this.engine(flags);
    const ports = leaseOf(engine, findNamed(engine, args.container))?.ports ?? [];
    this.show(flags, ports, () =>
      ports
        .map(
          ({ containerPort, protocol, hostAddress = "0.0.0.0", hostPort }) =>
            `${containerPort}/${protocol} -> ${hostAddress}:${hostPort}`,
        )
        .join("\n"),
    );
  }
}
