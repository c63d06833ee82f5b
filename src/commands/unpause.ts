import { findRecord, pauseNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic unpause` */
export default class Unpause extends ContainerCommand {
  static override description = "Lets the processes of a paused container go on.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Unpause);
    const engine = this.engine(flags);
    const record = findRecord(engine, args.container);
    pauseNamed(engine, record, false);
    this.show(flags, { unpaused: record.name }, () => record.name);
  }
}
