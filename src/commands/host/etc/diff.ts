import { etcDiff } from "../../../deploy/index.ts";
import { textArg } from "../../args.ts";
import { renderEtcDiff } from "../../render/etc.ts";
import { treePath } from "../../tree-path.ts";
import { toText } from "../../../bytes.ts";
import { HostCommand } from "../base.ts";
import { defined, deploymentFlag } from "../make-flags.ts";

/** `atomic host etc diff` */
export default class HostEtcDiff extends HostCommand {
  static override description = "What you changed: from the /etc of the image to the live one.";
  static override args = { path: textArg({ description: "only this file or directory", default: "/etc" }) };
  static override flags = { deployment: deploymentFlag };
  static override examples = ["<%= config.bin %> host etc diff /etc/ssh"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostEtcDiff);
    const sysroot = this.open(flags);
    const wanted = toText(treePath(args.path));
    const changes = etcDiff(sysroot, defined({ target: flags.deployment })).filter(
      ({ path }) => path === wanted || path.startsWith(`${wanted}/`),
    );
    this.show(flags, changes, () => renderEtcDiff(changes, this.view(sysroot)));
  }
}
