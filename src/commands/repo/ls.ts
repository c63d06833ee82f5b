import { boolean } from "@oclif/core/flags";
import { loadTree, resolveRev } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { entryJson, renderEntries } from "../render/entries.ts";
import { treePath } from "../tree-path.ts";
import { listTree } from "./list-tree.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo ls` */
export default class RepoLs extends RepoCommand {
  static override args = {
    rev: textArg({ description: "ref or commit", required: true }),
    path: textArg({ description: "file or directory in the tree", default: "/" }),
  };
  static override flags = { recursive: boolean({ char: "R", summary: "list what is below, too" }) };
  static override examples = ["<%= config.bin %> repo ls debian/13 /usr/bin"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoLs);
    const repo = this.open(flags);
    const root = loadTree(repo, resolveRev(repo, args.rev));
    const entries = listTree(root, treePath(args.path), flags.recursive);
    this.show(flags, entries.map(entryJson), () => renderEntries(entries));
  }
}
