import { boolean, string } from "@oclif/core/flags";
import {
  containerNames,
  createNamed,
  type Engine,
  finishContainer,
  type LabelVerb,
  type NamedContainer,
  namedStatus,
  readNamed,
  removeContainer,
  runOptions,
  settleEnded,
  startNamed,
  withUsersNetwork,
} from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { findImage } from "../oci/index.ts";
import { containerFlags, containerOptions, splitAtImage } from "./containers/run-request.ts";
import { ContainerCommand } from "./containers/base.ts";
import { agree, labelledRun } from "./containers/label-run.ts";
import { ownWindowSize } from "./containers/own-window-size.ts";
import { writeStderr } from "./output.ts";

const WITH_VALUE = ["opt1", "opt2", "opt3", "sysroot", "repo", "progress"];

/** `atomic run` */
export default class Run extends ContainerCommand {
  static override description =
    "Runs the image's LABEL RUN if it has one; your options are added to it. Ends with the container's exit status. " +
    "Without root it is a container of your own, of an image that you pulled.";
  static override usage = "run [OPTIONS] IMAGE [WORD...]";
  static override flags = {
    ...containerFlags,
    spc: boolean({ summary: "super-privileged: the host's files, processes and network, and every privilege" }),
    replace: boolean({ summary: "remove a container of the same name first" }),
    display: boolean({ summary: "show the command line, and run nothing" }),
    yes: boolean({ char: "y", summary: "let the image have what its label asks for" }),
    opt1: string({ summary: "${OPT1} of the label", hidden: true }),
    opt2: string({ summary: "${OPT2} of the label", hidden: true }),
    opt3: string({ summary: "${OPT3} of the label", hidden: true }),
  };
  static override examples = ["<%= config.bin %> run --spc tools", "<%= config.bin %> run --rm -it debian bash"];

  protected verb(): LabelVerb {
    return "RUN";
  }

  async run(): Promise<number> {
    const { own, rest } = splitAtImage(this.argv, WITH_VALUE);
    const { flags } = await this.parse(Run, own);
    const [named, ...command] = rest;
    if (named === undefined) {
      throw new AtomicError("usage", `running atomic ${this.verb().toLowerCase()}: expected an image`, {
        hint: "atomic images",
      });
    }
    // What other containers left is looked for only where it is in the way: a start costs the same among many.
    const engine = this.engineAsIs(flags);
    const image = findImage(engine.repo, named);
    const asked = labelledRun(this.verb(), {
      image,
      named,
      spc: flags["spc"],
      flags: containerOptions(flags),
      command,
      options: [flags["opt1"], flags["opt2"], flags["opt3"]],
    });
    if (flags["display"]) {
      this.show(flags, { words: asked.words }, () => asked.words.map(quoted).join(" "));
      return 0;
    }
    agree(engine, image, asked, { yes: flags["yes"] });
    const options = runOptions(withUsersNetwork(engine, asked.flags, (text) => writeStderr(`${text}\n`)));
    const isThere = () => options.name !== undefined && containerNames(engine).includes(options.name);
    if (isThere()) await settleEnded(engine);
    if (isThere()) {
      const container = readNamed(engine, options.name!);
      if (flags["replace"]) await removeContainer(engine, container, { force: true });
      else return this.#again(engine, container, options, image.commit, flags);
    }
    const container = createNamed(engine, { image, options, command: asked.command });
    // One that never ran is of no use.
    return this.#start(engine, container, { ...options, discard: true }, flags);
  }

  /** Starts a container that was there before, as `docker start` would. */
  async #again(
    engine: Engine,
    container: NamedContainer,
    options: ReturnType<typeof runOptions>,
    commit: string,
    flags: { json: boolean },
  ): Promise<number> {
    const { status } = namedStatus(engine, container);
    if (status !== "exited" && status !== "created") {
      throw new AtomicError("conflict", `running container ${container.name}: it is ${status}`, {
        hint: `atomic stop ${container.name}`,
      });
    }
    if (container.commit !== commit) {
      throw new AtomicError(
        "exists",
        `running container ${container.name}: it was made of another image, ${container.image}`,
        {
          hint: "atomic run --replace IMAGE",
        },
      );
    }
    return this.#start(engine, container, { ...options, discard: container.options.remove }, flags);
  }

  async #start(
    engine: Engine,
    container: NamedContainer,
    { detach, interactive, discard }: ReturnType<typeof runOptions> & { discard: boolean },
    flags: { json: boolean },
  ): Promise<number> {
    const session =
      container.options.terminal && !detach ? await import("./containers/terminal-session.ts") : undefined;
    const size = ownWindowSize();
    let started;
    try {
      started = await startNamed(engine, container, { detach, interactive, ...(size === undefined ? {} : { size }) });
    } catch (error) {
      if (discard) await removeContainer(engine, container, { force: true });
      throw error;
    }
    for (const warning of started.warnings) writeStderr(`${warning}\n`);
    if (!detach) {
      const status = finishContainer(engine, started);
      return started.terminal === undefined ? status : session!.useTerminal(started.terminal, interactive, status);
    }
    this.show(flags, { id: container.id, name: container.name }, () => container.name);
    return 0;
  }
}

/** A word as a shell takes it, and a terminal shows it: control characters by their numbers. */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  // eslint-disable-next-line no-control-regex
  const control = /[\u0000-\u001f\u007f-\u009f]/g;
  if (!control.test(word)) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = word.replaceAll(/[\\']/g, "\\$&");
  return `$'${escaped.replaceAll(control, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}'`;
}
