import { diffCommits, resolveRev } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { changeJson, renderChanges } from "../render/commits.ts";
import { stdoutStyle } from "../render/style.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo diff` */
export default class RepoDiff extends RepoCommand {
  static override description = "With one commit, shows what it changed from its parent.";
  static override args = {
    from: textArg({ description: "ref or commit", required: true }),
    to: textArg({ description: "ref or commit" }),
  };
  static override examples = ["<%= config.bin %> repo diff debian/12 debian/13"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoDiff);
    const repo = this.open(flags);
    const [from, to] = args.to === undefined ? [`${args.from}^`, args.from] : [args.from, args.to];
    const changes = diffCommits(repo, resolveRev(repo, from), resolveRev(repo, to));
    this.show(flags, changes.map(changeJson), () => renderChanges(changes, stdoutStyle()));
  }
}
