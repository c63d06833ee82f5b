import { listRemoteRefs, readRemote } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { printable } from "../render/printable.ts";
import { stdoutStyle } from "../render/style.ts";
import { table } from "../render/table.ts";
import { utcTime } from "../render/time.ts";
import { RepoCommand } from "../repo/base.ts";

/** `atomic remote refs` */
export default class RemoteRefs extends RepoCommand {
  static override args = { name: textArg({ description: "the remote", required: true }) };
  static override examples = ["<%= config.bin %> remote refs debian"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RemoteRefs);
    const repo = this.open(flags);
    const tips = await listRemoteRefs(repo, readRemote(repo, args.name));
    const rows = tips.map(({ ref, id, version, timestamp }) => [
      ref,
      printable(version ?? "-"),
      short(id),
      timestamp === undefined ? "-" : utcTime(timestamp),
    ]);
    const columns = ["ref", "version", "commit", "built"].map((name) => ({ name }));
    this.show(flags, tips, () => table(columns, rows, stdoutStyle()));
  }
}
