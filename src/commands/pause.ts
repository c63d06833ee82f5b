import { findNamed, pauseNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic pause` */
export default class Pause extends ContainerCommand {
  static override description = "Stops all processes of a container where they are.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pause);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    pauseNamed(engine, container, true);
    this.show(flags, { paused: container.name }, () => container.name);
  }
}
