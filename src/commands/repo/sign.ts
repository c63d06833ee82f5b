import { resolveRev, signCommit, withRepoLock } from "../../ostree/index.ts";
import { textArg } from "../args.ts";
import { short } from "../render/commits.ts";
import { readSecretKeys } from "../remote/read-keys.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo sign` */
export default class RepoSign extends RepoCommand {
  static override description = "Adds a signature to those the commit has.";
  static override args = {
    rev: textArg({ description: "ref or commit", required: true }),
    file: textArg({
      description: "the secret key: PEM, or minisign's or signify's without a password",
      required: true,
    }),
  };
  static override examples = ["<%= config.bin %> repo sign debian/13 release.key"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoSign);
    const repo = this.open(flags);
    const commit = resolveRev(repo, args.rev);
    const keys = readSecretKeys([args.file]);
    await withRepoLock(repo, () => signCommit(repo, commit, keys));
    this.show(flags, { commit, keys: keys.map(({ publicKey }) => publicKey) }, () => `signed ${short(commit)}`);
  }
}
