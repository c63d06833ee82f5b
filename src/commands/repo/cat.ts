import { toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { loadTree, lookup, readObject, resolveRev } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { writeStdout } from "../output.ts";
import { treePath } from "../tree-path.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo cat` */
export default class RepoCat extends RepoCommand {
  static override description = "The bytes are checked against the tree before any is printed.";
  static override args = {
    rev: textArg({ description: "ref or commit", required: true }),
    path: textArg({ description: "file in the tree", required: true }),
  };
  static override examples = ["<%= config.bin %> repo cat debian/13 /usr/lib/os-release"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoCat);
    const repo = this.open(flags);
    const path = treePath(args.path);
    const node = lookup(loadTree(repo, resolveRev(repo, args.rev)), path);
    if (node?.kind !== "file") {
      const found =
        node === undefined
          ? "nothing"
          : node.kind === "symlink"
            ? `a symlink to ${toText(node.target)}`
            : `a ${node.kind}`;
      throw new AtomicError("not-found", `reading ${toText(path)} of ${args.rev}: expected a file, found ${found}`, {
        hint: `atomic repo ls ${args.rev} ${toText(path)}`,
      });
    }
    writeStdout(readObject(repo, node.checksum, "file", node.size));
  }
}
