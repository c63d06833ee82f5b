/** What the verbs of containers share. */
import { resolve } from "node:path";
import { boolean } from "@oclif/core/flags";
import { type Engine, openEngine, settleEnded } from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";
import { textArg } from "../args.ts";
import { ownCommand } from "../own-command.ts";
import { physicalRoot, repoPath, RepoCommand } from "../repo/base.ts";

/** The name of a container, or the beginning of its ID. */
export const containerArg = textArg({
  description: "name of the container, or the beginning of its ID",
  required: true,
});

/** How systemd starts, stops and settles a container that is its unit; standard output is the container's log then. */
export const inUnitFlag = boolean({ default: false, hidden: true, summary: "as the container's unit" });

/** A verb that works on containers. */
export abstract class ContainerCommand extends RepoCommand {
  /** The containers of the host the flags name. `ATOMIC_RUN` is another state directory than /run/atomic. */
  protected async engine(flags: { sysroot: string; repo: string | undefined }): Promise<Engine> {
    const engine = this.engineAsIs(flags);
    await settleEnded(engine);
    return engine;
  }

  /** The same, without looking after containers that have ended. @throws AtomicError permission for ordinary users */
  protected engineAsIs(flags: { sysroot: string; repo: string | undefined }): Engine {
    const user = process.getuid?.() ?? 0;
    if (user !== 0) {
      throw new AtomicError(
        "permission",
        `working with networks of containers: bridges take root, found user ${user}`,
        {
          hint: `sudo atomic ${this.id ?? "run"}`,
        },
      );
    }
    const places = [`--sysroot=${resolve(flags.sysroot)}`, `--repo=${repoPath(flags)}`];
    return {
      ...openEngine(physicalRoot(flags.sysroot), this.open(flags), process.env["ATOMIC_RUN"]),
      verb: (verb, ...words) => [...ownCommand(), verb, ...places, ...words],
    };
  }
}
