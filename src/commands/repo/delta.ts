import { resolve } from "node:path";
import { deltaPath, generateDelta, resolveRev, writeDelta } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { fileFlag, revFlag } from "../args.ts";
import { short } from "../render/commits.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo delta` */
export default class RepoDelta extends RepoCommand {
  static override description =
    "A host that has the one commit downloads the delta instead of whole objects of the other. Publishers make it once, and offer it with the next summary.";
  static override flags = {
    to: revFlag({ summary: "the commit that the delta makes", required: true }),
    from: revFlag({ summary: "the commit that hosts have; the parent of the other if left out" }),
    output: fileFlag({ char: "o", summary: "write to FILE instead of the store's deltas" }),
  };
  static override examples = [
    "<%= config.bin %> repo delta --to debian/13",
    "<%= config.bin %> repo delta --from debian/12 --to debian/13 --output 12-13.delta",
  ];

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoDelta);
    const repo = this.open(flags);
    const to = resolveRev(repo, flags.to);
    const from = resolveRev(repo, flags.from ?? `${to}^`);
    const delta = await generateDelta(repo, { from, to, progress: this.progress(flags) });
    const file = flags.output === undefined ? deltaPath(repo, from, to) : resolve(flags.output);
    const size = writeDelta(repo, delta, file);
    const { objects, bytes } = delta.head;
    this.show(flags, { from, to, file, size, objects, bytes }, () => {
      const what = `${objects} objects, ${formatBytes(bytes)} in ${formatBytes(size)}`;
      const offer = flags.output === undefined ? "\nto offer it: atomic repo summary" : "";
      return `wrote the delta from ${short(from)} to ${short(to)}: ${what}${offer}`;
    });
  }
}
