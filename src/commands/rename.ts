import { findNamed, renameContainer } from "../containers/index.ts";
import { textArg } from "./args.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";

/** `atomic rename` */
export default class Rename extends ContainerCommand {
  static override description = "A running container goes on; others on its network find it by the new name.";
  static override args = { container: containerArg, name: textArg({ description: "the new name", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rename);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    await renameContainer(engine, container, args.name);
    this.show(flags, { renamed: container.name, name: args.name }, () => args.name);
  }
}
