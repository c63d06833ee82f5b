import { tagImage } from "../oci/index.ts";
import { textArg } from "./args.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic tag` */
export default class Tag extends RepoCommand {
  static override description = "A name without a host is one of this machine's own: localhost/NAME.";
  static override args = {
    image: textArg({ description: "name or ID of an image", required: true }),
    name: textArg({ description: "the other name", required: true }),
  };
  static override examples = ["<%= config.bin %> tag tools:latest tools:known-good"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Tag);
    const { name, id } = await tagImage(this.open(flags), args.image, args.name);
    this.show(flags, { name, id }, () => `${name} is now ${id}`);
  }
}
