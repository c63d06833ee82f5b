import { findNamed, startNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { writeStderr } from "./output.ts";

/** `atomic start` */
export default class Start extends ContainerCommand {
  static override description = "Starts a container that has ended, in the background.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Start);
    const engine = await this.engine(flags);
    const { container, warnings } = await startNamed(engine, findNamed(engine, args.container), {
      detach: true,
      interactive: false,
    });
    for (const warning of warnings) writeStderr(`${warning}\n`);
    this.show(flags, { started: container.name }, () => container.name);
  }
}
