import { isHeldRef } from "../../deploy/index.ts";
import { listRefs, parseRefName, publish } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { fileFlag, refFlag } from "../args.ts";
import { counted } from "../render/counted.ts";
import { readSecretKeys } from "../remote/read-keys.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo summary` */
export default class RepoSummary extends RepoCommand {
  static override description =
    "Makes the store a remote: any web server that offers its `summary`, `packs/` and `deltas/` will do. Run it after each commit.";
  static override flags = {
    ref: refFlag({ summary: "offer this ref; may be repeated; without it every ref made here", multiple: true }),
    "sign-key": fileFlag({ summary: "sign with this secret key; may be repeated", multiple: true }),
  };
  static override examples = ["<%= config.bin %> repo summary --sign-key release.key"];

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoSummary);
    const repo = this.open(flags);
    const own = listRefs(repo).map(({ ref }) => ref);
    const refs = flags.ref?.map(parseRefName) ?? own.filter((ref) => !isHeldRef(ref) && !ref.startsWith("remotes/"));
    const keys = readSecretKeys(flags["sign-key"] ?? []);
    const result = await publish(repo, { refs, keys, progress: this.progress(flags) });
    const unsigned = result.summary.refs.filter(({ signatures }) => signatures.length === 0).map(({ ref }) => ref);
    this.show(flags, { ...result, unsigned }, () =>
      [
        `published ${counted(refs.length, "ref")}: packed ${formatBytes(result.packed)} as ${formatBytes(result.stored)}`,
        ...(keys.length === 0
          ? []
          : unsigned.map((ref) => `warning: nobody signed ${ref}: atomic repo sign ${ref} FILE`)),
      ].join("\n"),
    );
  }
}
