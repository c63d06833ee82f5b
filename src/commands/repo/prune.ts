import { boolean } from "@oclif/core/flags";
import { prune } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo prune` */
export default class RepoPrune extends RepoCommand {
  static override flags = { "dry-run": boolean({ summary: "count, but remove nothing" }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoPrune);
    const dryRun = flags["dry-run"];
    const result = await prune(this.open(flags), { dryRun });
    const { removed, freed, kept } = result;
    this.show(
      flags,
      result,
      () => `${dryRun ? "would remove" : "removed"} ${removed} objects, ${formatBytes(freed)}; kept ${kept}`,
    );
  }
}
