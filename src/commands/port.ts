import { findNamed, leaseOf } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic port` */
export default class Port extends ContainerCommand {
  static override description = "Lists which ports of the host lead to a running container.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Port);
    const engine = await this.engine(flags);
    const lease = leaseOf(engine, findNamed(engine, args.container));
    const all = ["0.0.0.0", ...(lease?.address6 === undefined ? [] : ["::"])];
    this.show(flags, lease?.ports ?? [], () =>
      (lease?.ports ?? [])
        .flatMap(({ containerPort, protocol, hostAddress, hostPort }) =>
          (hostAddress === undefined ? all : [hostAddress]).map(
            (address) =>
              `${containerPort}/${protocol} -> ${address.includes(":") ? `[${address}]` : address}:${hostPort}`,
          ),
        )
        .join("\n"),
    );
  }
}
