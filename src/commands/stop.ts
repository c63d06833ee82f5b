import { boolean, integer } from "@oclif/core/flags";
import { findNamed, stopContainer } from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { ContainerCommand, containerArg, inUnitFlag } from "./containers/base.ts";
import { labelledStop, stopByLabel } from "./containers/label-stop.ts";
import { commandLine } from "./containers/command-line.ts";

/** `atomic stop` */
export default class Stop extends ContainerCommand {
  static override description =
    "Asks the container to end by its stop signal, and kills it when it does not. LABEL STOP of its image is run instead, " +
    "with your words added to it.";
  static override usage = "stop [OPTIONS] CONTAINER [WORD...]";
  static override args = { container: containerArg };
  static override strict = false;
  static override flags = {
    "in-unit": inUnitFlag,
    time: integer({ char: "t", summary: "seconds to wait before killing it", default: 10, min: 0, max: 86_400 }),
    ignore: boolean({ summary: "do not look at LABEL STOP" }),
    display: boolean({ summary: "show the command line, and run nothing" }),
    yes: boolean({ char: "y", summary: "let the image have what its label asks for" }),
  };
  static override examples = ["<%= config.bin %> stop -t 30 web"];

  async run(): Promise<number> {
    const { args, argv, flags } = await this.parse(Stop);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    const seconds = flags.time;
    if (flags["in-unit"]) {
      await stopContainer(engine, container, { seconds, inUnit: true });
      return 0;
    }
    const words = (argv as string[]).slice(1);
    const labelled = flags.ignore ? undefined : labelledStop(engine, container, words);
    if (labelled === undefined && words.length > 0) {
      throw new AtomicError(
        "usage",
        `stopping container ${container.name}: there is no LABEL STOP to add ${words[0]} to`,
        { hint: `atomic stop ${container.name}` },
      );
    }
    if (flags.display) {
      const shown = labelled?.asked.words ?? ["atomic", "stop", container.name];
      this.show(flags, { words: shown }, () => commandLine(shown));
      return 0;
    }
    if (labelled !== undefined) {
      const status = await stopByLabel(engine, container, labelled, { seconds, yes: flags.yes });
      if (status !== 0) return status;
    } else if (!(await stopContainer(engine, container, { seconds }))) {
      throw new AtomicError("nothing-to-do", `stopping container ${container.name}: it does not run`);
    }
    this.show(flags, { stopped: container.name }, () => container.name);
    return 0;
  }
}
