import { integer } from "@oclif/core/flags";
import { findNamed, startNamed, stopContainer } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { writeStderr } from "./output.ts";

/** `atomic restart` */
export default class Restart extends ContainerCommand {
  static override description = "Stops a container if it runs, and starts it in the background.";
  static override args = { container: containerArg };
  static override flags = {
    time: integer({ char: "t", summary: "seconds to wait before killing it", default: 10, min: 0, max: 86_400 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Restart);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    await stopContainer(engine, container, { seconds: flags.time });
    const { warnings } = await startNamed(engine, container, { detach: true, interactive: false });
    for (const warning of warnings) writeStderr(`${warning}\n`);
    this.show(flags, { restarted: container.name }, () => container.name);
  }
}
