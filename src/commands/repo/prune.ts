import { boolean, integer } from "@oclif/core/flags";
import { pruneUnused } from "../../containers/index.ts";
import { formatBytes } from "../../units.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo prune` */
export default class RepoPrune extends RepoCommand {
  static override flags = {
    depth: integer({ summary: "keep so many ancestors of each ref's commit; all if left out", helpValue: "N", min: 0 }),
    "dry-run": boolean({ summary: "count, but remove nothing" }),
  };
  static override examples = ["<%= config.bin %> repo prune --depth 2"];

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoPrune);
    const dryRun = flags["dry-run"];
    const depth = flags.depth === undefined ? {} : { depth: flags.depth };
    const result = await pruneUnused(this.open(flags), { dryRun, ...depth });
    const { removed, freed, kept } = result;
    this.show(
      flags,
      result,
      () => `${dryRun ? "would remove" : "removed"} ${removed} objects, ${formatBytes(freed)}; kept ${kept}`,
    );
  }
}
