import { findLabel, interpretLabel, LABEL_VERBS, privilegesOf, runOptions } from "../containers/index.ts";
import { isAtomicError } from "../errors.ts";
import { findImage, type StoredImage } from "../oci/index.ts";
import { hostVariables, lastPart } from "./containers/label-run.ts";
import { textArg } from "./args.ts";
import { printable } from "./render/printable.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic info` */
export default class Info extends RepoCommand {
  static override description = "Shows an image's labels, and what those that are commands ask of the host.";
  static override args = { image: textArg({ description: "name of the image", required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Info);
    const image = findImage(this.open(flags), args.image);
    const { labels } = image.config;
    const commands = LABEL_VERBS.flatMap((verb) => {
      const label = findLabel(labels, verb);
      return label === undefined ? [] : [{ verb, asks: asksOf(label, image) }];
    });
    const { name, id, manifestDigest } = image;
    this.show(flags, { name, id, manifestDigest, labels, commands }, () =>
      [
        `${printable(name)} ${manifestDigest}`,
        ...Object.entries(labels)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, value]) => `${printable(key)}: ${printable(value)}`),
        ...commands.flatMap(({ verb, asks }) => [
          `LABEL ${verb} asks for:`,
          ...asks.map((one) => `  ${printable(one)}`),
        ]),
      ].join("\n"),
    );
  }
}

function asksOf(label: string, image: StoredImage): string[] {
  try {
    const command = interpretLabel(label, hostVariables(image, lastPart(image.name)));
    const privileges = command.kind === "run" ? privilegesOf(runOptions(command.run.flags)) : [];
    return privileges.length === 0 ? ["nothing special"] : privileges;
  } catch (error) {
    if (!isAtomicError(error)) throw error;
    return [`it cannot be run here: ${error.message}`];
  }
}
