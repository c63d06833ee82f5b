import { resolve } from "node:path";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { parseRefName, readRef, type RefName, type Repo, resolveRev, writeBundle } from "../../ostree/index.ts";
import { formatBytes } from "../../units.ts";
import { fileFlag, refFlag, revFlag, textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { readSecretKeys } from "../remote/read-keys.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo bundle` */
export default class RepoBundle extends RepoCommand {
  static override description =
    "Hosts without a network take it with `atomic repo pull FILE`, `host deploy bundle:FILE` or `host upgrade --from FILE`; what vouches for it there are the keys of the remote that it stands for.";
  static override args = {
    file: textArg({ description: "the bundle to write", required: true }),
    rev: textArg({ description: "ref or commit", required: true }),
  };
  static override flags = {
    from: revFlag({
      summary: "only for hosts that have this commit: a delta from it, or what is new, whichever is smaller",
    }),
    ref: refFlag({ summary: "the ref to offer it as; REV if that is one" }),
    "sign-key": fileFlag({ summary: "sign with this secret key; may be repeated", multiple: true }),
  };
  static override examples = [
    "<%= config.bin %> repo bundle /media/usb/13.bundle debian/13 --sign-key release.key",
    "<%= config.bin %> repo bundle 13.bundle debian/13 --from debian/12 --sign-key release.key",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoBundle);
    const repo = this.open(flags);
    const commit = resolveRev(repo, args.rev);
    const from = flags.from === undefined ? undefined : resolveRev(repo, flags.from);
    const file = resolve(args.file);
    const result = await writeBundle(repo, file, {
      ref: refOf(repo, flags.ref, args.rev),
      commit,
      ...(from === undefined ? {} : { from }),
      keys: readSecretKeys(flags["sign-key"] ?? []),
      progress: this.progress(flags),
    });
    this.show(flags, { file, commit, from, ...result }, () => {
      const base = from === undefined ? "" : ` from ${short(from)}`;
      return `wrote ${short(commit)}${base}: ${result.objects} objects, ${formatBytes(result.bytes)} in ${formatBytes(result.size)}${result.delta ? ", as a delta" : ""}`;
    });
  }
}

function refOf(repo: Repo, given: string | undefined, rev: string): RefName {
  if (given !== undefined) return parseRefName(given);
  try {
    const ref = parseRefName(rev);
    if (readRef(repo, ref) !== undefined) return ref;
  } catch (error) {
    if (!isAtomicError(error, "usage")) throw error;
  }
  throw new AtomicError("usage", `bundling ${rev}: it is no ref, and hosts pull refs`, {
    hint: "atomic repo bundle FILE REV --ref REF",
  });
}
