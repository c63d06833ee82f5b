import { boolean } from "@oclif/core/flags";
import { checkHealth, recordHealth } from "../../deploy/index.ts";
import { EXIT } from "../../errors.ts";
import { renderHealth } from "../render/health.ts";
import { HostCommand } from "./base.ts";

/** `atomic host health` */
export default class HostHealth extends HostCommand {
  static override description =
    "Runs the checks in /etc/atomic/health.d and /usr/lib/atomic/health.d (required.d, wanted.d) and greenboot's. Exits 1 when a required one fails.";
  static override flags = {
    record: boolean({ summary: "record for this boot what failed; run by atomic-health.service" }),
  };

  async run(): Promise<number> {
    const { flags } = await this.parse(HostHealth);
    const report = checkHealth();
    if (flags.record) await recordHealth(this.open(flags), report);
    this.show(flags, report, () => renderHealth(report));
    return report.healthy ? EXIT.done : EXIT.failed;
  }
}
