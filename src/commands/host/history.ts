import { hostHistory } from "../../deploy/index.ts";
import { renderHistory } from "../render/history.ts";
import { HostCommand } from "./base.ts";
import { defined, staterootFlag } from "./make-flags.ts";

/** `atomic host history` */
export default class HostHistory extends HostCommand {
  static override description = "Newest first.";
  static override flags = { stateroot: staterootFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(HostHistory);
    const sysroot = this.open(flags);
    const events = hostHistory(sysroot, defined({ stateroot: flags.stateroot }));
    this.show(flags, events, () => renderHistory(events, this.view(sysroot)));
  }
}
