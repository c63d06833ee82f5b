import { boolean } from "@oclif/core/flags";
import { hostStatus } from "../../deploy/index.ts";
import { renderStatus, renderStatusVerbose } from "../render/status.ts";
import { HostCommand } from "./base.ts";

/** `atomic host status` */
export default class HostStatus extends HostCommand {
  static override description = "In boot order: index 0 is what the next boot starts. '●' marks what runs now.";
  static override flags = { verbose: boolean({ char: "v", summary: "show all that is known" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(HostStatus);
    const sysroot = this.open(flags);
    const status = hostStatus(sysroot);
    this.show(flags, status, () => (flags.verbose ? renderStatusVerbose : renderStatus)(status, this.view(sysroot)));
  }
}
