import { removeImage } from "../oci/index.ts";
import { textArg } from "./args.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic rmi` */
export default class Rmi extends RepoCommand {
  static override description = "Removes a name; an ID removes all names of the image. Its bytes go with `repo prune`.";
  static override args = { image: textArg({ description: "name or ID", required: true }) };
  static override examples = ["<%= config.bin %> rmi localhost/tools:latest"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rmi);
    const removed = await removeImage(this.open(flags), args.image);
    this.show(flags, { removed }, () => removed.map((name) => `removed ${name}`).join("\n"));
  }
}
