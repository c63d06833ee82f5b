import { boolean } from "@oclif/core/flags";
import { containerNames, type ContainerRecord, containerStatus, readNamed } from "../containers/index.ts";
import { ContainerCommand } from "./containers/base.ts";
import { printable } from "./render/printable.ts";
import { stdoutStyle } from "./render/style.ts";
import { table } from "./render/table.ts";
import { age } from "./render/time.ts";

/** `atomic ps` */
export default class Ps extends ContainerCommand {
  static override description = "Lists running containers.";
  static override flags = { all: boolean({ char: "a", summary: "those that have ended, too" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Ps);
    const engine = this.engine(flags);
    const all = containerNames(engine).map((name) => readNamed(engine, name));
    const found = all
      .map((record) => ({ record, ...containerStatus(engine, record) }))
      .filter(({ status }) => flags.all || status === "running" || status === "paused");
    const columns = ["name", "id", "image", "status", "created", "command"].map((name) => ({ name }));
    const json = found.map(({ record, status, exitCode }) => ({
      ...summary(record),
      status,
      exitCode: exitCode ?? null,
    }));
    this.show(flags, json, () => {
      const rows = found.map(({ record, status, exitCode }) => [
        record.name,
        record.id.slice(0, 12),
        printable(record.image),
        exitCode === undefined ? status : `${status} (${exitCode})`,
        age(record.created),
        printable(record.command.join(" ")),
      ]);
      return rows.length === 0 ? "" : table(columns, rows, stdoutStyle());
    });
  }
}

function summary({ name, id, image, command, created, started, pid }: ContainerRecord): object {
  return { name, id, image, command, created, started: started ?? null, pid: pid ?? null };
}
