import { softReboot } from "../../deploy/index.ts";
import { short } from "../render/commits.ts";
import { HostCommand } from "./base.ts";

/** `atomic host soft-reboot` */
export default class HostSoftReboot extends HostCommand {
  static override description = [
    "Stops all services and starts those of what boots next, while the kernel goes on running.",
    "Needs systemd 254, and a deployment with the kernel and kernel arguments of the booted one.",
  ].join(" ");

  async run(): Promise<void> {
    const { flags } = await this.parse(HostSoftReboot);
    const result = await softReboot(this.open(flags));
    this.show(flags, result, () => `restarting into ${short(result.id)}`);
  }
}
