import { unlock } from "../../deploy/index.ts";
import { HostCommand } from "./base.ts";

/** `atomic host unlock` */
export default class HostUnlock extends HostCommand {
  static override description =
    "For trying something out: packages can be changed in place. All of it is gone after the next reboot.";

  async run(): Promise<void> {
    const { flags } = await this.parse(HostUnlock);
    const result = await unlock(this.open(flags));
    this.show(flags, result, () => "/usr can be changed until the next reboot");
  }
}
