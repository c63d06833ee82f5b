import { boolean, integer, string } from "@oclif/core/flags";
import { findNamed, followContainerLog, type LogFrame, readContainerLog } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { lastLines, logText, parseSince } from "./containers/log-text.ts";
import { writeStdout } from "./output.ts";

/** `atomic logs` */
export default class Logs extends ContainerCommand {
  static override description = "Shows what a container in the background printed; the newest 10 to 20 MiB are kept.";
  static override args = { container: containerArg };
  static override flags = {
    follow: boolean({ char: "f", summary: "go on until it ends" }),
    since: string({ summary: "only what is newer: 90s, 10m, 2h, 1d, or a point in time", helpValue: "TIME" }),
    tail: integer({ char: "n", summary: "only so many lines from the end", min: 0, max: 10_000_000 }),
    timestamps: boolean({ char: "t", summary: "with the time of each line" }),
  };
  static override examples = ["<%= config.bin %> logs --follow --tail 10 web"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const engine = await this.engine(flags);
    const container = findNamed(engine, args.container);
    const since = flags.since === undefined ? 0 : parseSince(flags.since, Date.now());
    const newer = (frames: readonly LogFrame[]) => frames.filter(({ time }) => time >= since);
    if (flags.json) {
      const json = newer(readContainerLog(engine, container)).map(({ time, stream, bytes }) => ({
        time,
        stream,
        text: bytes.toString("utf8"),
      }));
      return this.show(flags, json, () => "");
    }
    const { tail } = flags;
    const text = logText(flags.timestamps);
    const show = (part: Buffer, isFirst: boolean) =>
      writeStdout(isFirst && tail !== undefined ? lastLines(part, tail) : part);
    if (!flags.follow) return show(text(newer(readContainerLog(engine, container))), true);
    let isFirst = true;
    for await (const frames of followContainerLog(engine, container)) {
      show(text(newer(frames)), isFirst);
      isFirst = false;
    }
  }
}
