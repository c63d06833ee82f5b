import { string } from "@oclif/core/flags";
import { restoreEtc } from "../../../deploy/index.ts";
import { textArg } from "../../args.ts";
import { HostCommand } from "../base.ts";
import { defined } from "../make-flags.ts";

/** `atomic host etc restore` */
export default class HostEtcRestore extends HostCommand {
  static override description = "What the file is now goes into the history first.";
  static override args = { path: textArg({ description: "a file below /etc", required: true }) };
  static override flags = {
    from: string({
      summary: "a snapshot of 'atomic host etc log', or 'pristine' for the image's own; the newest if left out",
      helpValue: "SNAPSHOT",
    }),
  };
  static override examples = ["<%= config.bin %> host etc restore /etc/ssh/sshd_config --from pristine"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostEtcRestore);
    const result = await restoreEtc(this.open(flags), { path: args.path, ...defined({ from: flags.from }) });
    this.show(flags, result, () => `restored ${result.path}`);
  }
}
