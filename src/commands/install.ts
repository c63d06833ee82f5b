import { type Engine, type LabelVerb, noteInstalled } from "../containers/index.ts";
import type { StoredImage } from "../oci/index.ts";
import Run from "./run.ts";

/** `atomic install` */
export default class Install extends Run {
  static override description = "Runs the image's LABEL INSTALL; you are shown first what it asks of the host.";
  static override usage = "install [OPTIONS] IMAGE [WORD...]";
  static override examples = ["<%= config.bin %> install tools"];

  protected override verb(): LabelVerb {
    return "INSTALL";
  }

  protected override succeeded(engine: Engine, image: StoredImage, name: string): void {
    noteInstalled(engine, image.manifestDigest, { image: image.name, name });
  }
}
