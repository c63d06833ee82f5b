import { boolean } from "@oclif/core/flags";
import {
  isRunning,
  listNamed,
  type NamedContainer,
  namedStatus,
  programWords,
  runtimeRecord,
} from "../containers/index.ts";
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
    const engine = await this.engine(flags);
    const found = listNamed(engine)
      .map((container) => ({ container, state: namedStatus(engine, container) }))
      .filter(({ state }) => flags.all || isRunning(state));
    const columns = ["name", "id", "image", "status", "created", "command"].map((name) => ({ name }));
    const json = found.map(({ container, state }) => ({
      ...summary(container),
      started: runtimeRecord(engine, container)?.created ?? null,
      pid: state.pid ?? null,
      status: state.status,
      exitCode: state.exitCode ?? null,
      outOfMemory: state.outOfMemory ?? false,
    }));
    this.show(flags, json, () => {
      const rows = found.map(({ container, state: { status, exitCode, outOfMemory } }) => [
        container.name,
        container.id.slice(0, 12),
        printable(container.image),
        exitCode === undefined ? status : `${status} (${exitCode}${outOfMemory === true ? ", out of memory" : ""})`,
        age(container.created),
        printable(programOf(container).join(" ")),
      ]);
      return rows.length === 0 ? "" : table(columns, rows, stdoutStyle());
    });
  }
}

function programOf({ options, defaults, command }: NamedContainer): string[] {
  return programWords(options, defaults, command);
}

function summary(container: NamedContainer): object {
  const { name, id, image, created } = container;
  return { name, id, image, command: programOf(container), created };
}
