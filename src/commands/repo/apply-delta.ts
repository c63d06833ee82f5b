import { resolve } from "node:path";
import { applyDelta, parseRefName } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { refFlag, textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo apply-delta` */
export default class RepoApplyDelta extends RepoCommand {
  static override description =
    "Makes a commit's objects of those of another, which the store must have; each is checked against its name.";
  static override args = { file: textArg({ description: "the delta", required: true }) };
  static override flags = { ref: refFlag({ summary: "the ref to move to the commit" }) };
  static override examples = ["<%= config.bin %> repo apply-delta 12-13.delta --ref debian/13"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoApplyDelta);
    const { ref } = flags;
    const result = await applyDelta(this.open(flags), {
      file: resolve(args.file),
      ...(ref === undefined ? {} : { ref: parseRefName(ref) }),
      progress: this.progress(flags),
    });
    this.show(
      flags,
      { ...result, ref },
      () => `made ${short(result.commit)}: ${result.objects} objects, ${formatBytes(result.bytes)}`,
    );
  }
}
