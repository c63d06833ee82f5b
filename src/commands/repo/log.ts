import { log, resolveRev } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { commitJson, renderLog } from "../render/commits.ts";
import { stdoutStyle } from "../render/style.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo log` */
export default class RepoLog extends RepoCommand {
  static override args = { rev: textArg({ description: "ref or commit", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoLog);
    const repo = this.open(flags);
    const commits = [...log(repo, resolveRev(repo, args.rev))];
    this.show(
      flags,
      commits.map(({ checksum, commit }) => commitJson(checksum, commit)),
      () => renderLog(commits, stdoutStyle()),
    );
  }
}
