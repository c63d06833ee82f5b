import { hostEtcReport } from "../../../deploy/index.ts";
import { textArg } from "../../args.ts";
import { renderEtcReport } from "../../render/etc.ts";
import { HostCommand } from "../base.ts";
import { defined } from "../make-flags.ts";

/** `atomic host etc` */
export default class HostEtc extends HostCommand {
  static override description = "What became of each path that you or the new image had changed.";
  static override args = {
    index: textArg({ description: "index or id of the deployment; what boots next if left out" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostEtc);
    const sysroot = this.open(flags);
    const report = hostEtcReport(sysroot, defined({ target: args.index }));
    this.show(flags, report ?? null, () => renderEtcReport(report, this.view(sysroot)));
  }
}
