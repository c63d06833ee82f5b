import { resolve } from "node:path";
import { isatty } from "node:tty";
import { boolean } from "@oclif/core/flags";
import { AtomicError } from "../../errors.ts";
import { readCommit, renderCommitImage, resolveRev } from "../../ostree/index.ts";
import { fileFlag, textArg } from "../args.ts";
import { writeStdout } from "../output.ts";
import { RepoCommand } from "./base.ts";

/** `atomic repo image` */
export default class RepoImage extends RepoCommand {
  static override description = "An EROFS image in composefs format, checked against the digest in the commit.";
  static override args = { rev: textArg({ description: "ref or commit", required: true }) };
  static override flags = {
    output: fileFlag({ char: "o", summary: "write to FILE instead of standard output" }),
    digest: boolean({ summary: "print only the image's fs-verity digest", exclusive: ["output"] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RepoImage);
    const repo = this.open(flags);
    const checksum = resolveRev(repo, args.rev);
    const { image } = readCommit(repo, checksum);
    if (flags.digest) return this.show(flags, { image }, () => image);
    if (flags.output === undefined && isatty(1)) {
      throw new AtomicError("usage", `writing the image of ${args.rev}: standard output is a terminal`, {
        hint: `atomic repo image ${args.rev} --output FILE`,
      });
    }
    const bytes = renderCommitImage(repo, checksum);
    if (flags.output === undefined) return writeStdout(bytes);
    const file = resolve(flags.output);
    repo.disk.replaceFile(file, bytes, 0o644);
    this.show(flags, { file, image, bytes: bytes.length }, () => `wrote ${file}`);
  }
}
