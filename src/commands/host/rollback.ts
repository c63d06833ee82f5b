import { string } from "@oclif/core/flags";
import { rollback } from "../../deploy/index.ts";
import { renderReordered } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, dryRunFlag, reasonFlag } from "./make-flags.ts";

/** `atomic host rollback` */
export default class HostRollback extends HostCommand {
  static override description =
    "Each deployment has its own /etc: changes made since are not taken back to it. /var is shared and stays as it is.";
  static override flags = {
    to: string({ summary: "this deployment instead of the previous one", helpValue: "INDEX|ID" }),
    reason: reasonFlag,
    "dry-run": dryRunFlag,
  };
  static override examples = ["<%= config.bin %> host rollback", "<%= config.bin %> host rollback --to 2"];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostRollback);
    const sysroot = this.open(flags);
    const { to, reason } = flags;
    const result = await rollback(sysroot, { dryRun: flags["dry-run"], ...defined({ to, reason }) });
    this.show(flags, result, () => renderReordered(result, this.view(sysroot)));
  }
}
