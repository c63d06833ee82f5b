import type { LabelVerb } from "../containers/index.ts";
import Run from "./run.ts";

/** `atomic install` */
export default class Install extends Run {
  static override description = "Runs the image's LABEL INSTALL; you are shown first what it asks of the host.";
  static override usage = "install [OPTIONS] IMAGE [WORD...]";
  static override examples = ["<%= config.bin %> install tools"];

  protected override verb(): LabelVerb {
    return "INSTALL";
  }
}
