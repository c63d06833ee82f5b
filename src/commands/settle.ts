import { findNamed, restartByPolicy, settleContainer } from "../containers/index.ts";
import { ContainerCommand, containerArg, inUnitFlag } from "./containers/base.ts";

/** `atomic settle` */
export default class Settle extends ContainerCommand {
  static override description =
    "Gives back the address of a container that has ended, and removes it if it was run with --rm, or starts it again as " +
    "--restart says. A container in the background calls this by itself.";
  static override args = { container: containerArg };
  static override flags = { "in-unit": inUnitFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Settle);
    const engine = this.engineAsIs(flags);
    const container = findNamed(engine, args.container);
    await settleContainer(engine, container);
    const restarted = !container.options.remove && (await restartByPolicy(engine, container));
    if (flags["in-unit"]) return;
    this.show(flags, { settled: container.name, restarted }, () => container.name);
  }
}
