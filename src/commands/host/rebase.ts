import { boolean } from "@oclif/core/flags";
import { rebase } from "../../deploy/index.ts";
import { directoryFlag, textArg } from "../args.ts";
import { renderDeployed } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, makeFlags, makeOptions } from "./make-flags.ts";

/** `atomic host rebase` */
export default class HostRebase extends HostCommand {
  static override description = "Like deploy, and upgrades follow SPEC from now on. /etc and /var are kept.";
  static override args = { spec: textArg({ description: "ref or commit", required: true }) };
  static override flags = {
    from: directoryFlag({ summary: "pull from the store or sysroot in DIR, which upgrades then use" }),
    "allow-downgrade": boolean({ summary: "accept what is older than what the remote showed before" }),
    ...makeFlags,
  };
  static override examples = ["<%= config.bin %> host rebase debian/14"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostRebase);
    const sysroot = this.open(flags);
    const options = {
      ...makeOptions(flags),
      spec: args.spec,
      progress: this.progress(flags),
      allowDowngrade: flags["allow-downgrade"],
    };
    const result = await rebase(sysroot, { ...options, ...defined({ from: flags.from }) });
    this.show(flags, result, () => renderDeployed(result, this.view(sysroot)));
  }
}
