import { resolve } from "node:path";
import { toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { checkout, loadTree, lookup, resolveRev } from "../../ostree/index.ts";
import { fileFlag, textArg } from "../args.ts";
import { treePath } from "../tree-path.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo checkout` */
export default class RepoCheckout extends RepoCommand {
  static override args = {
    rev: textArg({ description: "ref or commit", required: true }),
    dir: textArg({ description: "directory to make", required: true }),
  };
  static override flags = {
    subpath: fileFlag({ summary: "write only this directory of the tree", default: "/", helpValue: "PATH" }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoCheckout);
    const repo = this.open(flags);
    const root = loadTree(repo, resolveRev(repo, args.rev));
    const path = treePath(flags.subpath);
    const node = lookup(root, path);
    if (node?.kind !== "directory") {
      throw new AtomicError(
        "not-found",
        `checking out ${toText(path)} of ${args.rev}: expected a directory, found ${node?.kind ?? "nothing"}`,
        {
          hint: `atomic repo ls ${args.rev} /`,
        },
      );
    }
    const destination = resolve(args.dir);
    checkout(repo, { node, root, destination, progress: this.progress(flags) });
    repo.disk.barrier(destination);
    this.show(flags, { directory: destination }, () => `checked out ${args.rev} to ${destination}`);
  }
}
