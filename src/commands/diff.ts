import { containerChanges, findNamed } from "../containers/index.ts";
import { ContainerCommand, containerArg } from "./containers/base.ts";
import { printable } from "./render/printable.ts";

const LETTERS = { added: "A", changed: "C", deleted: "D" } as const;

/** `atomic diff` */
export default class Diff extends ContainerCommand {
  static override description = "Lists what a container added (A), changed (C) or deleted (D) of its image's files.";
  static override args = { container: containerArg };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Diff);
    const engine = await this.engine(flags);
    const changes = containerChanges(engine, findNamed(engine, args.container));
    this.show(flags, changes, () => changes.map(({ kind, path }) => `${LETTERS[kind]} ${printable(path)}`).join("\n"));
  }
}
