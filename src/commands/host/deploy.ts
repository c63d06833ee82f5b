import { boolean } from "@oclif/core/flags";
import { deploy } from "../../deploy/index.ts";
import { directoryFlag, textArg } from "../args.ts";
import { renderDeployed } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, makeFlags, makeOptions } from "./make-flags.ts";

/** `atomic host deploy` */
export default class HostDeploy extends HostCommand {
  static override description =
    "SPEC is a ref, REMOTE:REF, bundle:FILE or an image (docker://…, oci:…, oci-archive:…), which upgrades follow from then on, or a commit.";
  static override args = { spec: textArg({ description: "ref or commit", required: true }) };
  static override flags = {
    from: directoryFlag({ summary: "pull from the store or sysroot in DIR, which upgrades then use" }),
    "allow-downgrade": boolean({ summary: "accept what is older than what the remote showed before" }),
    ...makeFlags,
  };
  static override examples = [
    "<%= config.bin %> host deploy debian/13",
    "<%= config.bin %> host deploy debian/13 --from /run/media/usb",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostDeploy);
    const sysroot = this.open(flags);
    const options = {
      ...makeOptions(flags),
      spec: args.spec,
      progress: this.progress(flags),
      allowDowngrade: flags["allow-downgrade"],
    };
    const result = await deploy(sysroot, { ...options, ...defined({ from: flags.from }) });
    this.show(flags, result, () => renderDeployed(result, this.view(sysroot)));
  }
}
