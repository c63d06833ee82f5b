import { sealStore } from "../../ostree/index.ts";
import { counted } from "../render/counted.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo seal` */
export default class RepoSeal extends RepoCommand {
  static override description =
    "Enables fs-verity on every file object that lacks it. Objects that arrive later are sealed as they come.";

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoSeal);
    const report = await sealStore(this.open(flags), { progress: this.progress(flags) });
    this.show(flags, report, () => `sealed ${counted(report.sealed, "object")}; ${report.already} were sealed before`);
  }
}
