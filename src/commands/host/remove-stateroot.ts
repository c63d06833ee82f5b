import { boolean } from "@oclif/core/flags";
import { removeStateroot } from "../../deploy/index.ts";
import { textArg } from "../args.ts";
import { askYes } from "../ask-yes.ts";
import { HostCommand } from "./base.ts";

/** `atomic host remove-stateroot` */
export default class HostRemoveStateroot extends HostCommand {
  static override description = "Its /var and its histories go for good. Nothing may be deployed in it.";
  static override args = { name: textArg({ description: "name of the stateroot", required: true }) };
  static override flags = { yes: boolean({ summary: "remove without asking" }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostRemoveStateroot);
    const result = await removeStateroot(this.open(flags), {
      name: args.name,
      confirm: (path) => flags.yes || askYes(`remove ${path} and all data in it?`),
    });
    this.show(flags, result, () => `removed stateroot ${args.name}`);
  }
}
