import { resolve } from "node:path";
import { string } from "@oclif/core/flags";
import { compose } from "../deploy/index.ts";
import { commitTree, parseRefName } from "../ostree/index.ts";
import { directoryFlag, textArg } from "./args.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic compose` */
export default class Compose extends RepoCommand {
  static override description = "Prints the commit. Needs root, and mmdebstrap for a Debian base.";
  static override args = { file: textArg({ description: "what the tree is made of, in YAML", required: true }) };
  static override flags = {
    set: string({
      summary: "override a value of the file; repeat for more",
      helpValue: "KEY=VALUE",
      multiple: true,
      multipleNonGreedy: true,
      default: [],
    }),
    scratch: directoryFlag({ summary: "where the tree is built, with room for all of it", default: "/var/tmp" }),
  };
  static override examples = [
    "<%= config.bin %> compose host.yaml",
    "<%= config.bin %> compose host.yaml --set version=13.2",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Compose);
    const repo = this.open(flags);
    const progress = this.progress(flags);
    const result = await compose({
      file: resolve(args.file),
      settings: flags.set,
      scratch: resolve(flags.scratch),
      progress,
      commit: async ({ ref, kernel, ...composed }) => {
        const committed = await commitTree(repo, { ...composed, ref: parseRefName(ref), progress });
        return { ...committed, ref, version: composed.version, kernel };
      },
    });
    this.show(flags, result, () => result.commit);
  }
}
