import { string } from "@oclif/core/flags";
import { findNamed, parseSignal, signalContainer } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic kill` */
export default class Kill extends ContainerCommand {
  static override description = "Sends a signal to the container's program.";
  static override args = { container: containerArg };
  static override flags = { signal: string({ char: "s", summary: "name or number", default: "KILL" }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Kill);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    signalContainer(engine, container, parseSignal(flags.signal));
    this.show(flags, { signalled: container.name }, () => container.name);
  }
}
