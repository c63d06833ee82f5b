import type { LabelVerb } from "../containers/index.ts";
import Run from "./run.ts";

/** `atomic uninstall` */
export default class Uninstall extends Run {
  static override description = "Runs the image's LABEL UNINSTALL; you are shown first what it asks of the host.";
  static override usage = "uninstall [OPTIONS] IMAGE [WORD...]";
  static override examples = ["<%= config.bin %> uninstall tools"];

  protected override verb(): LabelVerb {
    return "UNINSTALL";
  }
}
