import { boolean, string } from "@oclif/core/flags";
import { findNamed } from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { ContainerCommand } from "./containers/base.ts";
import { execSession } from "./containers/exec-session.ts";
import { splitAtWord } from "./containers/run-request.ts";

const WITH_VALUE = ["-e", "--env", "-u", "--user", "-w", "--workdir", "--sysroot", "--repo", "--progress"];

/** `atomic exec` */
export default class Exec extends ContainerCommand {
  static override description = "Runs another program in a container that runs. Ends with the program's exit status.";
  static override usage = "exec [OPTIONS] CONTAINER PROGRAM [WORD...]";
  static override flags = {
    interactive: boolean({ char: "i", summary: "keep standard input open" }),
    tty: boolean({ char: "t", summary: "give it a terminal" }),
    detach: boolean({ char: "d", summary: "leave it running in the background" }),
    env: string({
      char: "e",
      summary: "set a variable: KEY=VALUE, or KEY to pass it on",
      multiple: true,
      multipleNonGreedy: true,
    }),
    user: string({ char: "u", summary: "USER[:GROUP] it runs as, names or numbers" }),
    workdir: string({ char: "w", summary: "its working directory" }),
  };
  static override examples = ["<%= config.bin %> exec -it web sh", "<%= config.bin %> exec -u 33 web id"];

  async run(): Promise<number> {
    const { own, rest } = splitAtWord(this.argv, new Set(WITH_VALUE));
    const { flags } = await this.parse(Exec, own);
    const [name, ...command] = rest;
    if (name === undefined || command.length === 0)
      throw new AtomicError("usage", "running atomic exec: expected a container and a program", { hint: "atomic ps" });
    const { tty, detach, user, workdir } = flags;
    if (tty && detach)
      throw new AtomicError("usage", "running atomic exec: nobody would use the terminal of --tty with --detach");
    const engine = await this.engine(flags);
    const container = findNamed(engine, name);
    return execSession(engine, container, {
      command,
      env: (flags.env ?? []).flatMap(passedOn),
      ...(user === undefined ? {} : { user }),
      ...(workdir === undefined ? {} : { workdir }),
      terminal: tty,
      interactive: flags.interactive,
      detached: detach,
    });
  }
}

/** `KEY=VALUE`; of `KEY` the caller's own value, if it has one. */
function passedOn(variable: string): string[] {
  if (!/^[^=]/.test(variable))
    throw new AtomicError("usage", `reading --env: expected KEY=VALUE or KEY, found ${JSON.stringify(variable)}`);
  if (variable.includes("=")) return [variable];
  const value = process.env[variable];
  return value === undefined ? [] : [`${variable}=${value}`];
}
