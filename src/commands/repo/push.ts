import { resolve } from "node:path";
import { parseSshTarget, push, pushOverSsh } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { textArg } from "../args.ts";
import { counted } from "../render/counted.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo push` */
export default class RepoPush extends RepoCommand {
  static override description =
    "Copies what is missing there of what `atomic repo summary` published, the summary last: readers never see one that names what is not there. Over SSH it takes rsync on both machines; what ssh_config(5) says of HOST holds, or the command in RSYNC_RSH.";
  static override args = {
    target: textArg({ description: "DIR or HOST:DIR, where it is served from", required: true }),
  };
  static override examples = [
    "<%= config.bin %> repo push /srv/www/os",
    "<%= config.bin %> repo push www.example.org:/srv/www/os",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoPush);
    const repo = this.open(flags);
    const remote = parseSshTarget(args.target);
    const result =
      remote === undefined
        ? await push(repo, resolve(args.target), { progress: this.progress(flags) })
        : pushOverSsh(repo, remote);
    this.show(flags, { target: args.target, ...result }, () => {
      const what =
        result.files === 0 ? "nothing new" : `${counted(result.files, "file")}, ${formatBytes(result.bytes)}`;
      return `pushed to ${args.target}: ${what}`;
    });
  }
}
