import { resolve } from "node:path";
import { boolean } from "@oclif/core/flags";
import { EXIT } from "../../errors.ts";
import { fsck, openRepo, repair } from "../../ostree/index.ts";
import { directoryFlag } from "../args.ts";
import { renderFsck } from "../render/fsck.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo fsck` */
export default class RepoFsck extends RepoCommand {
  static override description = "Reads every object and compares it with its name. Exits 1 when a defect remains.";
  static override flags = {
    repair: boolean({ summary: "replace what is damaged by what another store has", dependsOn: ["from"] }),
    from: directoryFlag({ summary: "the other store", dependsOn: ["repair"] }),
  };
  static override examples = ["<%= config.bin %> repo fsck --repair --from /run/media/usb/repo"];

  async run(): Promise<number> {
    const { flags } = await this.parse(RepoFsck);
    const repo = this.open(flags);
    const options = { progress: this.progress(flags) };
    const report =
      flags.from === undefined
        ? { ...fsck(repo, options), repaired: [] }
        : await repair(repo, openRepo(resolve(flags.from), repo.disk), options);
    this.show(flags, report, () => renderFsck(report));
    return report.defects.length === 0 ? EXIT.done : EXIT.failed;
  }
}
