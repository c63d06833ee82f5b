import { findImage } from "../oci/index.ts";
import { textArg } from "./args.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic inspect` */
export default class Inspect extends RepoCommand {
  static override description = "Always answers in JSON.";
  static override args = { name: textArg({ description: "name or ID of an image", required: true }) };
  static override examples = ["<%= config.bin %> inspect tools"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    const { name, id, manifestDigest, commit, config, bytes } = findImage(this.open(flags), args.name);
    const { platform, created, diffIds, run, labels } = config;
    const image = { kind: "image", name, id, manifestDigest, commit, created: created ?? null, bytes };
    this.show({ ...flags, json: true }, { ...image, platform, run, labels, layers: diffIds }, () => "");
  }
}
