import { resolve } from "node:path";
import { string } from "@oclif/core/flags";
import { createDurable } from "../../durable.ts";
import { initHost } from "../../deploy/index.ts";
import { HostCommand } from "./base.ts";
import { defined } from "./make-flags.ts";

/** `atomic host init` */
export default class HostInit extends HostCommand {
  static override description = "Where there is one already, adds a stateroot to it.";
  static override flags = {
    stateroot: string({ summary: "name of the stateroot; 'default' if left out", helpValue: "NAME" }),
  };
  static override examples = ["<%= config.bin %> host init --sysroot /mnt"];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostInit);
    const disk = createDurable();
    const { sysroot, stateroot } = await initHost(resolve(flags.sysroot), {
      disk,
      ...defined({ stateroot: flags.stateroot }),
    });
    this.show(flags, { sysroot: sysroot.path, stateroot }, () => `made stateroot ${stateroot} in ${sysroot.path}`);
  }
}
