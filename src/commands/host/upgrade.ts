import { boolean } from "@oclif/core/flags";
import {
  checkCanReboot,
  checkUpgrade,
  hostDiff,
  type HostDiff,
  reboot,
  type Sysroot,
  type Update,
  upgrade,
} from "../../deploy/index.ts";
import { directoryFlag } from "../args.ts";
import { renderUpdate, renderUpgraded } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, makeFlags, makeOptions } from "./make-flags.ts";

/** `atomic host upgrade` */
export default class HostUpgrade extends HostCommand {
  static override description = "Exits 77 when there is nothing newer.";
  static override flags = {
    check: boolean({ summary: "only say whether there is something newer" }),
    "download-only": boolean({ summary: "fetch it, but deploy nothing" }),
    "allow-downgrade": boolean({ summary: "accept a commit older than the present one" }),
    retry: boolean({ summary: "accept a commit that did not boot on this host" }),
    reboot: boolean({
      summary: "restart into it when it is made",
      exclusive: ["check", "download-only", "dry-run"],
    }),
    from: directoryFlag({ summary: "look in the store or sysroot in DIR, or in a bundle" }),
    ...makeFlags,
  };
  static override examples = ["<%= config.bin %> host upgrade --check", "<%= config.bin %> host upgrade --dry-run"];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostUpgrade);
    const sysroot = this.open(flags);
    if (flags.reboot) checkCanReboot(sysroot);
    const options = {
      ...makeOptions(flags),
      retry: flags.retry,
      allowDowngrade: flags["allow-downgrade"],
      downloadOnly: flags["download-only"],
      progress: this.progress(flags),
      ...defined({ from: flags.from }),
    };
    if (flags.check) {
      const update = await checkUpgrade(sysroot, options);
      return this.show(flags, update, () => renderUpdate(update, this.view(sysroot)));
    }
    const result = await upgrade(sysroot, options);
    if (result.update.cost !== undefined) {
      return this.show(flags, result, () => renderUpdate(result.update, this.view(sysroot)));
    }
    const changes = flags["dry-run"] && !result.update.downloaded ? undefined : changesOf(sysroot, result.update);
    this.show(flags, { ...result, changes }, () => renderUpgraded(result, this.view(sysroot), changes));
    if (flags.reboot) reboot();
  }
}

function changesOf(sysroot: Sysroot, { from, to }: Update): HostDiff {
  return hostDiff(sysroot, { from: from.commit, to: to.commit });
}
