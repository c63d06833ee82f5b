import { type Engine, findLabel, forgetInstalled, type LabelVerb } from "../containers/index.ts";
import type { StoredImage } from "../oci/index.ts";
import Run from "./run.ts";

/** `atomic uninstall` */
export default class Uninstall extends Run {
  static override description = "Runs the image's LABEL UNINSTALL; you are shown first what it asks of the host.";
  static override usage = "uninstall [OPTIONS] IMAGE [WORD...]";
  static override examples = ["<%= config.bin %> uninstall tools"];

  protected override verb(): LabelVerb {
    return "UNINSTALL";
  }

  /** An image that only has LABEL INSTALL is uninstalled by forgetting that. */
  protected override doWithoutLabel(engine: Engine, image: StoredImage, flags: { json: boolean }): boolean {
    if (findLabel(image.config.labels, "UNINSTALL") !== undefined) return false;
    if (!forgetInstalled(engine, image.manifestDigest)) return false;
    this.show(flags, { uninstalled: image.name }, () => image.name);
    return true;
  }

  protected override succeeded(engine: Engine, image: StoredImage): void {
    forgetInstalled(engine, image.manifestDigest);
  }
}
