import { checkCanReboot, giveUp, reboot } from "../../deploy/index.ts";
import { short } from "../render/commits.ts";
import { printable } from "../render/printable.ts";
import { HostCommand } from "./base.ts";

/** `atomic host give-up` */
export default class HostGiveUp extends HostCommand {
  static override description =
    "Restarts only if the loader counts boot attempts and another deployment can follow. Run by atomic-give-up.service.";

  async run(): Promise<void> {
    const { flags } = await this.parse(HostGiveUp);
    const sysroot = this.open(flags);
    checkCanReboot(sysroot);
    const result = await giveUp(sysroot);
    const { id, restart, why } = result;
    this.show(
      flags,
      result,
      () => `this boot of ${short(id)} is not good; ${restart ? "restarting" : "not restarting"}: ${printable(why)}`,
    );
    if (restart) reboot();
  }
}
