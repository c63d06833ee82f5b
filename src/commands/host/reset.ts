import { boolean, string } from "@oclif/core/flags";
import { reset } from "../../deploy/index.ts";
import { askYes } from "../ask-yes.ts";
import { writeStderr } from "../output.ts";
import { renderReset, renderResetPlan } from "../render/reset.ts";
import { HostCommand } from "./base.ts";
import { defined, dryRunFlag, reasonFlag, staterootFlag } from "./make-flags.ts";

/** `atomic host reset` */
export default class HostReset extends HostCommand {
  static override description = [
    "Factory reset: the next boot has /etc and /var as the image brings them, in a stateroot of its own.",
    "Kernel arguments and what --keep names stay. The present state is left behind, to return to or to remove.",
  ].join(" ");
  static override flags = {
    keep: string({
      summary: "keep this file or directory of /etc or /var; repeat for more",
      helpValue: "PATH",
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    yes: boolean({ summary: "reset without asking" }),
    stateroot: staterootFlag,
    reason: reasonFlag,
    "dry-run": dryRunFlag,
  };
  static override examples = [
    "<%= config.bin %> host reset",
    "<%= config.bin %> host reset --keep /etc/ssh --keep /var/home",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostReset);
    const sysroot = this.open(flags);
    const { keep, yes, stateroot, reason, "dry-run": dryRun } = flags;
    const result = await reset(sysroot, {
      keep,
      dryRun,
      confirm: (plan) => {
        if (yes) return true;
        writeStderr(`${renderResetPlan(plan)}\n`);
        return askYes("reset this host?");
      },
      ...defined({ stateroot, reason }),
    });
    this.show(flags, result, () => renderReset(result, this.view(sysroot)));
  }
}
