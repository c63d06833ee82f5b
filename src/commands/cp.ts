import { boolean } from "@oclif/core/flags";
import { copyFiles, type CopySide, type Engine, findNamed } from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { textArg } from "./args.ts";
import { ContainerCommand } from "./containers/base.ts";
import { writeStderr } from "./output.ts";

/** `atomic cp` */
export default class Cp extends ContainerCommand {
  static override description =
    "Copies a file or directory into a container or out of it, whether it runs or not. A directory's path with /. at its " +
    "end means what is in it. Copies belong to the container's root or to you, unless --archive keeps their owners.";
  static override args = {
    source: textArg({ description: "[CONTAINER:]PATH to copy", required: true }),
    destination: textArg({ description: "[CONTAINER:]PATH to copy it to", required: true }),
  };
  static override flags = {
    archive: boolean({ char: "a", default: false, summary: "keep owners, extended attributes and set-id bits" }),
    "follow-link": boolean({ char: "L", default: false, summary: "copy what SOURCE leads to if it is a symlink" }),
  };
  static override examples = [
    "<%= config.bin %> cp nginx.conf web:/etc/nginx/",
    "<%= config.bin %> cp web:/var/log/. logs",
  ];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cp);
    const engine = await this.engine(flags);
    const [from, to] = [sideOf(engine, args.source), sideOf(engine, args.destination)];
    if (from.container !== undefined && to.container !== undefined) {
      throw new AtomicError("unsupported", "copying from one container to another: one side has to be the host", {
        hint: `atomic cp ${args.source} DIRECTORY`,
      });
    }
    const leftOut = copyFiles(engine, { from, to, archive: flags.archive, followLink: flags["follow-link"] });
    for (const line of leftOut) writeStderr(`${line}\n`);
    this.show(flags, { copied: args.source, to: args.destination, leftOut }, () => "");
  }
}

/** A path of the host begins with `/` or `.` when it has a colon that means nothing. */
function sideOf(engine: Engine, text: string): CopySide {
  const [, name, path] = /^([^/.:][^/:]*):([^]*)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) return { path: text };
  return { container: findNamed(engine, name), path: path === "" ? "/" : path };
}
