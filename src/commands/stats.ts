import { isRunning, listNamed, namedStatus, readCgroupStats, runtimeRecord } from "../containers/index.ts";
import { formatBytes, formatDuration } from "../units.ts";
import { ContainerCommand } from "./containers/base.ts";
import { stdoutStyle } from "./render/style.ts";
import { table } from "./render/table.ts";

/** `atomic stats` */
export default class Stats extends ContainerCommand {
  static override description = "Shows what running containers use now, and used since their start.";

  async run(): Promise<void> {
    const { flags } = await this.parse(Stats);
    const engine = await this.engine(flags);
    const running = listNamed(engine)
      .filter((container) => isRunning(namedStatus(engine, container)))
      .map((container) => ({
        name: container.name,
        ...readCgroupStats(runtimeRecord(engine, container)?.cgroups ?? []),
      }));
    const columns = ["name", "memory", "limit", "processes", "cpu", "read", "written"].map((name) => ({
      name,
      right: name !== "name",
    }));
    this.show(flags, running, () =>
      running.length === 0
        ? ""
        : table(
            columns,
            running.map(({ name, memory, memoryLimit, pids, cpuTime, read, written }) => [
              name,
              bytes(memory),
              bytes(memoryLimit),
              String(pids ?? "-"),
              cpuTime === undefined ? "-" : formatDuration(cpuTime / 1e9),
              bytes(read),
              bytes(written),
            ]),
            stdoutStyle(),
          ),
    );
  }
}

function bytes(value: number | undefined): string {
  return value === undefined ? "-" : formatBytes(value);
}
