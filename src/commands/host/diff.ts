import { boolean } from "@oclif/core/flags";
import { hostDiff } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { renderHostDiff } from "../render/host-diff.ts";
import { HostCommand } from "./base.ts";
import { defined } from "./make-flags.ts";

/** `atomic host diff` */
export default class HostDiff extends HostCommand {
  static override description =
    "Packages, kernel arguments and files. Without arguments: from the booted deployment to what boots next.";
  static override args = {
    from: textArg({ description: "index or id of a deployment, ref or commit" }),
    to: textArg({ description: "the same; what boots next if left out" }),
  };
  static override flags = { files: boolean({ summary: "list every file that differs" }) };
  static override examples = ["<%= config.bin %> host diff", "<%= config.bin %> host diff 1 0 --files"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostDiff);
    const sysroot = this.open(flags);
    const diff = hostDiff(sysroot, defined({ from: args.from, to: args.to }));
    this.show(flags, diff, () => renderHostDiff(diff, { ...this.view(sysroot), files: flags.files }));
  }
}
