import { integer } from "@oclif/core/flags";
import { etcLog } from "../../../deploy/index.ts";
import { renderEtcLog } from "../../render/etc.ts";
import { HostCommand } from "../base.ts";
import { defined, staterootFlag } from "../make-flags.ts";

/** `atomic host etc log` */
export default class HostEtcLog extends HostCommand {
  static override description = "Newest first. 'git --git-dir …/etc.git log -p' reads the same history.";
  static override flags = {
    limit: integer({ char: "n", summary: "list at most N", helpValue: "N", min: 1 }),
    stateroot: staterootFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(HostEtcLog);
    const { stateroot, limit } = flags;
    const sysroot = this.open(flags);
    const snapshots = await etcLog(sysroot, defined({ stateroot, limit }));
    this.show(flags, snapshots, () => renderEtcLog(snapshots, this.view(sysroot)));
  }
}
