import { string } from "@oclif/core/flags";
import { changeKargs, hostKargs } from "../../deploy/index.ts";
import { printable } from "../render/printable.ts";
import { renderDeployed } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { makeFlags, makeOptions } from "./make-flags.ts";

const list = { helpValue: "K[=V]", multiple: true, multipleNonGreedy: true, default: [] as string[] } as const;

/** `atomic host kargs` */
export default class HostKargs extends HostCommand {
  static override description =
    "Without a change, prints those of what boots next. A change makes a new deployment; later ones inherit it.";
  static override flags = {
    append: string({ ...list, summary: "add an argument; repeat for more" }),
    "append-if-missing": string({ ...list, summary: "add an argument unless it is there" }),
    delete: string({ ...list, summary: "remove an argument" }),
    ...makeFlags,
  };
  static override examples = ["<%= config.bin %> host kargs --append console=ttyS0 --delete quiet"];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostKargs);
    const sysroot = this.open(flags);
    const edits = { append: flags.append, appendIfMissing: flags["append-if-missing"], delete: flags.delete };
    if (Object.values(edits).every((given) => given.length === 0)) {
      const kargs = hostKargs(sysroot);
      return this.show(flags, { kargs }, () => printable(kargs.join(" ")));
    }
    const result = await changeKargs(sysroot, { ...makeOptions(flags), edits });
    this.show(
      flags,
      result,
      () => `kernel arguments: ${printable(result.kargs.join(" "))}\n${renderDeployed(result, this.view(sysroot))}`,
    );
  }
}
