import { findNamed, pauseNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic unpause` */
export default class Unpause extends ContainerCommand {
  static override description = "Lets the processes of a paused container go on.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Unpause);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    pauseNamed(engine, container, false);
    this.show(flags, { unpaused: container.name }, () => container.name);
  }
}
