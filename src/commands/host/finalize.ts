import { finalize } from "../../deploy/index.ts";
import { short } from "../render/commits.ts";
import { HostCommand } from "./base.ts";

/** `atomic host finalize` */
export default class HostFinalize extends HostCommand {
  static override description =
    "Makes the staged deployment what boots next, with /etc merged once more. Exits 77 when nothing is staged.";

  async run(): Promise<void> {
    const { flags } = await this.parse(HostFinalize);
    const result = await finalize(this.open(flags));
    this.show(flags, result, () => `next boot: ${short(result.id)}`);
  }
}
