import { containerProcesses, findNamed } from "../containers/index.ts";
import { formatBytes, formatDuration } from "../units.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { printable } from "./render/printable.ts";
import { stdoutStyle } from "./render/style.ts";
import { table } from "./render/table.ts";

/** `atomic top` */
export default class Top extends ContainerCommand {
  static override description = "Lists the processes of a running container, by their numbers on the host.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Top);
    const engine = await this.engine(flags);
    const processes = containerProcesses(engine, findNamed(engine, args.container));
    const columns = ["pid", "parent", "uid", "state", "cpu", "memory", "command"].map((name) => ({
      name,
      right: !["state", "command"].includes(name),
    }));
    this.show(flags, processes, () => {
      const rows = processes.map(({ pid, parent, uid, state, cpuTime, memory, command }) => [
        String(pid),
        String(parent),
        String(uid),
        state,
        formatDuration(cpuTime),
        formatBytes(memory),
        printable(command),
      ]);
      return table(columns, rows, stdoutStyle());
    });
  }
}
