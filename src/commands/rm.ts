import { boolean } from "@oclif/core/flags";
import { findNamed, removeContainer } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic rm` */
export default class Rm extends ContainerCommand {
  static override description = "Removes a container with all it wrote; its image stays.";
  static override args = { container: containerArg };
  static override flags = { force: boolean({ char: "f", summary: "kill it first" }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rm);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    await removeContainer(engine, container, { force: flags.force });
    this.show(flags, { removed: container.name }, () => container.name);
  }
}
