import { findNamed, waitForContainer } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic wait` */
export default class Wait extends ContainerCommand {
  static override description = "Waits for a container to end, and prints its exit status.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Wait);
    const engine = await this.engine(flags);
    const exitCode = await waitForContainer(engine, findNamed(engine, args.container));
    this.show(flags, { exitCode }, () => String(exitCode));
  }
}
