import { boolean, integer } from "@oclif/core/flags";
import { dataDirectory, findNamed, readLog } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { writeStdout } from "./output.ts";

/** `atomic logs` */
export default class Logs extends ContainerCommand {
  static override description = "Shows what a container in the background printed; the newest 10 to 20 MiB are kept.";
  static override args = { container: containerArg };
  static override flags = {
    tail: integer({ summary: "only so many lines from the end", min: 0, max: 10_000_000 }),
    timestamps: boolean({ char: "t", summary: "with the time of each piece" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const engine = await this.engine(flags);
    const frames = readLog(dataDirectory(engine, findNamed(engine, args.container).name));
    if (flags.json) {
      const json = frames.map(({ time, stream, bytes }) => ({ time, stream, text: bytes.toString("utf8") }));
      return this.show(flags, json, () => "");
    }
    const text = frames
      .map(
        ({ time, bytes }) => `${flags.timestamps ? `${new Date(time).toISOString()} ` : ""}${bytes.toString("utf8")}`,
      )
      .join("");
    writeStdout(flags.tail === undefined ? text : lastLines(text, flags.tail));
  }
}

function lastLines(text: string, count: number): string {
  const lines = text.split("\n");
  const unfinished = lines.at(-1) === "" ? 1 : 0;
  return lines.slice(Math.max(0, lines.length - count - unfinished)).join("\n");
}
