import { readCommit, resolveRev } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { commitJson, renderCommit } from "../render/commits.ts";
import { stdoutStyle } from "../render/style.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo show` */
export default class RepoShow extends RepoCommand {
  static override args = { rev: textArg({ description: "ref or commit", required: true }) };
  static override examples = ["<%= config.bin %> repo show debian/13", "<%= config.bin %> repo show debian/13^"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoShow);
    const repo = this.open(flags);
    const checksum = resolveRev(repo, args.rev);
    const commit = readCommit(repo, checksum);
    this.show(flags, commitJson(checksum, commit), () => renderCommit(checksum, commit, stdoutStyle()));
  }
}
