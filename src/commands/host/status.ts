import { boolean } from "@oclif/core/flags";
import { hostStatus, machineFacts } from "../../deploy/index.ts";
import { renderStatus, renderStatusVerbose } from "../render/status.ts";
import { HostCommand } from "./base.ts";

/** `atomic host status` */
export default class HostStatus extends HostCommand {
  static override description = "In boot order: index 0 is what the next boot starts. '●' marks what runs now.";
  static override flags = { verbose: boolean({ char: "v", summary: "show all that is known, and the machine" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(HostStatus);
    const sysroot = this.open(flags);
    const status = hostStatus(sysroot);
    const view = this.view(sysroot);
    if (!flags.verbose) return this.show(flags, status, () => renderStatus(status, view));
    const machine = await machineFacts(sysroot);
    this.show(flags, { ...status, machine }, () => renderStatusVerbose(status, machine, view));
  }
}
