import { boolean } from "@oclif/core/flags";
import { findNamed, startedAtBoot, startNamed } from "../containers/index.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { textArg } from "./args.ts";
import { ContainerCommand, inUnitFlag } from "./containers/base.ts";
import { writeStderr } from "./output.ts";

/** `atomic start` */
export default class Start extends ContainerCommand {
  static override description = "Starts a container that has ended, in the background.";
  static override args = { container: textArg({ description: "name of the container, or the beginning of its ID" }) };
  static override flags = {
    all: boolean({
      default: false,
      summary: "those that --restart=always or unless-stopped wants to run, as after a boot",
    }),
    "in-unit": inUnitFlag,
  };

  async run(): Promise<number> {
    const { args, flags } = await this.parse(Start);
    if (flags.all === (args.container !== undefined)) {
      throw new AtomicError("usage", "starting containers: expected the name of one, or --all", {
        hint: "atomic ps -a",
      });
    }
    const engine = await this.engine(flags);
    const containers = args.container === undefined ? startedAtBoot(engine) : [findNamed(engine, args.container)];
    const started: string[] = [];
    for (const container of containers) {
      try {
        const { warnings } = await startNamed(engine, container, {
          detach: true,
          interactive: false,
          inUnit: flags["in-unit"],
        });
        for (const warning of warnings) writeStderr(`${warning}\n`);
        started.push(container.name);
      } catch (error) {
        if (!flags.all || !isAtomicError(error)) throw error;
        writeStderr(`${error.message}\n`); // the others are started all the same
      }
    }
    if (flags["in-unit"]) return 0;
    this.show(flags, { started: flags.all ? started : started[0] }, () => started.join("\n"));
    return started.length === containers.length ? 0 : 1;
  }
}
