import { bless } from "../../deploy/index.ts";
import { short } from "../render/commits.ts";
import { HostCommand } from "./base.ts";

/** `atomic host bless` */
export default class HostBless extends HostCommand {
  static override description = "The loader then counts its boot attempts no more. Run by atomic-bless.service.";

  async run(): Promise<void> {
    const { flags } = await this.parse(HostBless);
    const result = await bless(this.open(flags));
    this.show(flags, result, () => `${short(result.id)} boots`);
  }
}
