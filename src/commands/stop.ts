import { integer } from "@oclif/core/flags";
import { findNamed, stopContainer } from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { ContainerCommand, containerArg, inUnitFlag } from "./containers/base.ts";

/** `atomic stop` */
export default class Stop extends ContainerCommand {
  static override description = "Asks the container to end by its stop signal, and kills it when it does not.";
  static override args = { container: containerArg };
  static override flags = {
    "in-unit": inUnitFlag,
    time: integer({ char: "t", summary: "seconds to wait before killing it", default: 10, min: 0, max: 86_400 }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Stop);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    const inUnit = flags["in-unit"];
    const stopped = await stopContainer(engine, container, { seconds: flags.time, inUnit });
    if (inUnit) return;
    if (!stopped) {
      throw new AtomicError("nothing-to-do", `stopping container ${container.name}: it does not run`);
    }
    this.show(flags, { stopped: container.name }, () => container.name);
  }
}
