import { isHeldRef } from "../../deploy/index.ts";
import { AtomicError } from "../../errors.ts";
import { deleteRef, listRefs, parseRefName, resolveRev, withRepoLock, writeRef } from "../../ostree/index.ts";
import { refFlag, textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { plainStyle } from "../render/style.ts";
import { table } from "../render/table.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo refs` */
export default class RepoRefs extends RepoCommand {
  static override description = "Lists all refs, or those at and below a prefix.";
  static override usage = ["repo refs [PREFIX]", "repo refs --create REF REV", "repo refs --delete REF"];
  static override args = { rev: textArg({ description: "prefix to list, or the commit REF shall name" }) };
  static override flags = {
    create: refFlag({ summary: "make REF name a commit", exclusive: ["delete"] }),
    delete: refFlag({ summary: "remove REF; its objects stay until pruned" }),
  };
  static override examples = ["<%= config.bin %> repo refs --create stable debian/13"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoRefs);
    const repo = this.open(flags);
    if (flags.create !== undefined) {
      const ref = parseRefName(flags.create);
      const commit = resolveRev(repo, args.rev ?? "");
      await withRepoLock(repo, () => writeRef(repo, ref, commit));
      this.show(flags, { ref, commit }, () => `${ref} is now ${short(commit)}`);
    } else if (flags.delete !== undefined) {
      const ref = parseRefName(flags.delete);
      if (isHeldRef(ref)) {
        throw new AtomicError("conflict", `deleting ref ${ref}: a deployment needs it`, {
          hint: "atomic host undeploy INDEX",
        });
      }
      await withRepoLock(repo, () => deleteRef(repo, ref));
      this.show(flags, { ref }, () => `deleted ${ref}`);
    } else {
      const refs = listRefs(repo, args.rev);
      const rows = refs.map(({ ref, commit }) => [ref, commit ?? "(damaged)"]);
      this.show(flags, refs, () => table([{ name: "" }, { name: "" }], rows, plainStyle));
    }
  }
}
