import { EXIT } from "../../errors.ts";
import { verifyHost } from "../../deploy/index.ts";
import { renderVerified } from "../render/verified.ts";
import { HostCommand } from "./base.ts";

/** `atomic host verify` */
export default class HostVerify extends HostCommand {
  static override description =
    "Checks every deployment's image, kernel and boot entry; 'atomic repo fsck' checks the objects. Exits 1 on a defect.";

  async run(): Promise<number> {
    const { flags } = await this.parse(HostVerify);
    const report = verifyHost(this.open(flags));
    this.show(flags, report, () => renderVerified(report));
    return report.defects.length === 0 ? EXIT.done : EXIT.failed;
  }
}
