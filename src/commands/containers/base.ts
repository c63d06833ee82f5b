/** What the verbs of containers share. */
import { type Engine, openEngine, removeEnded } from "../../containers/index.ts";
import { textArg } from "../args.ts";
import { RepoCommand } from "../repo/base.ts";

/** The name of a container, or the beginning of its ID. */
export const containerArg = textArg({
  description: "name of the container, or the beginning of its ID",
  required: true,
});

/** A verb that works on containers. */
export abstract class ContainerCommand extends RepoCommand {
  /** The containers of the host the flags name. `ATOMIC_RUN` is another state directory than /run/atomic. */
  protected engine(flags: { sysroot: string; repo: string | undefined }): Engine {
    const engine = openEngine(flags.sysroot, this.open(flags), process.env["ATOMIC_RUN"]);
    removeEnded(engine);
    return engine;
  }
}
