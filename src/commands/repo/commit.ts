import { integer, string } from "@oclif/core/flags";
import { readFile } from "../../linux/index.ts";
import { commitTree, NOTES_KEY, parseRefName, signCommit, withRepoLock } from "../../ostree/index.ts";
import { directoryFlag, fileFlag, refFlag } from "../args.ts";
import { readSecretKeys } from "../remote/read-keys.ts";
import { RepoCommand } from "./base.ts";

/** Of notes, in bytes: they are for reading. */
const MAX_NOTES = 64 * 1024;

/** `atomic repo commit` */
export default class RepoCommit extends RepoCommand {
  static override description = "Prints the commit. Its parent is the commit REF named before.";
  static override flags = {
    tree: directoryFlag({ summary: "the directory to commit", required: true }),
    ref: refFlag({ summary: "the ref to move to the commit", required: true }),
    version: string({ summary: "version of the tree, shown wherever the commit is", helpValue: "V" }),
    subject: string({ summary: "one line on what changed", helpValue: "S" }),
    notes: fileFlag({ summary: "what `host upgrade --check` shows of it: the text in FILE" }),
    timestamp: integer({
      summary: "time of the commit, seconds since 1970; now if left out",
      helpValue: "SECONDS",
      min: 0,
    }),
    "sign-key": fileFlag({ summary: "sign with this secret key; may be repeated", multiple: true }),
  };

  static override examples = ["<%= config.bin %> repo commit --tree rootfs --ref debian/13 --version 13.1"];

  async run(): Promise<void> {
    const { flags } = await this.parse(RepoCommit);
    const { tree, ref, version, subject, timestamp, notes } = flags;
    const keys = readSecretKeys(flags["sign-key"] ?? []);
    const repo = this.open(flags);
    const result = await commitTree(repo, {
      tree,
      ref: parseRefName(ref),
      progress: this.progress(flags),
      ...(version === undefined ? {} : { version }),
      ...(subject === undefined ? {} : { subject }),
      ...(timestamp === undefined ? {} : { timestamp }),
      ...(notes === undefined ? {} : { metadata: { [NOTES_KEY]: readFile(notes, MAX_NOTES).toString("utf8") } }),
    });
    if (keys.length > 0) await withRepoLock(repo, () => signCommit(repo, result.commit, keys));
    this.show(flags, result, () => result.commit);
  }
}
