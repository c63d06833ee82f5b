import { undeploy } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { renderReordered } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, dryRunFlag, reasonFlag } from "./make-flags.ts";

/** `atomic host undeploy` */
export default class HostUndeploy extends HostCommand {
  static override args = { index: textArg({ description: "index or id of the deployment", required: true }) };
  static override flags = { reason: reasonFlag, "dry-run": dryRunFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostUndeploy);
    const sysroot = this.open(flags);
    const options = { target: args.index, dryRun: flags["dry-run"], ...defined({ reason: flags.reason }) };
    const result = await undeploy(sysroot, options);
    this.show(flags, result, () =>
      result.dryRun ? renderReordered(result, this.view(sysroot)) : `removed deployment ${args.index}`,
    );
  }
}
