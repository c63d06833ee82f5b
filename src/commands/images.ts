import { listImages, type StoredImage } from "../oci/index.ts";
import { formatBytes } from "../units.ts";
import { short } from "./render/commits.ts";
import { printable } from "./render/printable.ts";
import { stdoutStyle } from "./render/style.ts";
import { table } from "./render/table.ts";
import { age } from "./render/time.ts";
import { RepoCommand } from "./repo/base.ts";

/** `atomic images` */
export default class Images extends RepoCommand {
  static override description = "Sizes are those of the files in the image, whether other images share them or not.";
  static override examples = ["<%= config.bin %> images --json"];

  async run(): Promise<void> {
    const { flags } = await this.parse(Images);
    const images = listImages(this.open(flags));
    const columns = [{ name: "image" }, { name: "id" }, { name: "created" }, { name: "size", right: true }];
    this.show(flags, images.map(imageSummary), () =>
      images.length === 0 ? "" : table(columns, images.map(row), stdoutStyle()),
    );
  }
}

function row({ name, id, config, bytes }: StoredImage): string[] {
  const created = config.created === undefined ? "-" : age(config.created);
  return [printable(name), short(id.slice("sha256:".length)), created, formatBytes(bytes)];
}

function imageSummary({ name, id, manifestDigest, commit, config, bytes }: StoredImage): object {
  return { name, id, manifestDigest, commit, created: config.created ?? null, bytes };
}
