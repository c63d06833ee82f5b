import { resolve } from "node:path";
import { openRepo, parseRefName, pullLocal, resolveRev } from "../../ostree/index.ts";
import { refFlag, textArg } from "../args.ts";
import { formatBytes } from "../../units.ts";
import { short } from "../render/commits.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo pull` */
export default class RepoPull extends RepoCommand {
  static override description = "Copies only what this store lacks; every object is checked on the way.";
  static override args = {
    dir: textArg({ description: "the store to pull from", required: true }),
    rev: textArg({ description: "ref or commit in that store", required: true }),
  };
  static override flags = { ref: refFlag({ summary: "the ref to move here; the ref pulled if left out" }) };
  static override examples = ["<%= config.bin %> repo pull /run/media/usb/repo debian/13"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoPull);
    const repo = this.open(flags);
    const source = openRepo(resolve(args.dir), repo.disk);
    const commit = resolveRev(source, args.rev);
    const ref = flags.ref ?? (commit.startsWith(args.rev) || args.rev.endsWith("^") ? undefined : args.rev);
    const result = await pullLocal(repo, source, {
      commit,
      ...(ref === undefined ? {} : { ref: parseRefName(ref) }),
      progress: this.progress(flags),
    });
    this.show(flags, { commit, ref, ...result }, () => {
      const what = result.objects === 0 ? "nothing new" : `${result.objects} objects, ${formatBytes(result.bytes)}`;
      return `pulled ${short(commit)}: ${what}`;
    });
  }
}
