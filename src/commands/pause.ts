import { findRecord, pauseNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic pause` */
export default class Pause extends ContainerCommand {
  static override description = "Stops all processes of a container where they are.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pause);
    const engine = this.engine(flags);
    const record = findRecord(engine, args.container);
    pauseNamed(engine, record, true);
    this.show(flags, { paused: record.name }, () => record.name);
  }
}
