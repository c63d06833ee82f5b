import { integer } from "@oclif/core/flags";
import { cleanup } from "../../deploy/index.ts";
import { formatBytes } from "../../units.ts";
import { counted } from "../render/counted.ts";
import { renderSteps } from "../render/deployed.ts";
import { HostCommand } from "./base.ts";
import { defined, dryRunFlag } from "./make-flags.ts";

/** `atomic host cleanup` */
export default class HostCleanup extends HostCommand {
  static override description =
    "Keeps the booted deployment, the rollback, what boots next, the last known good and pinned ones.";
  static override flags = {
    retain: integer({ summary: "keep at least N deployments of each stateroot", helpValue: "N", min: 1 }),
    "dry-run": dryRunFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(HostCleanup);
    const dryRun = flags["dry-run"];
    const result = await cleanup(this.open(flags), { dryRun, ...defined({ retain: flags.retain }) });
    const { removed, freed, kept } = result.pruned;
    const sum = `${counted(removed, "object")}, ${formatBytes(freed)}; kept ${kept}`;
    this.show(flags, result, () => (dryRun ? `${renderSteps(result.steps)}\nwould remove ${sum}` : `removed ${sum}`));
  }
}
