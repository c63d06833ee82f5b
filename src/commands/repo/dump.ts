import { loadTree, resolveRev, writeDump } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { writeStdout } from "../output.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo dump` */
export default class RepoDump extends RepoCommand {
  static override description = "One line per path, as mkcomposefs --from-file reads them; see composefs-dump(5).";
  static override args = { rev: textArg({ description: "ref or commit", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoDump);
    const repo = this.open(flags);
    writeStdout(writeDump(loadTree(repo, resolveRev(repo, args.rev))));
  }
}
