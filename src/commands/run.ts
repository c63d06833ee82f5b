import { boolean, string } from "@oclif/core/flags";
import {
  containerNames,
  createNamed,
  type Engine,
  findLabel,
  isInstalled,
  type LabelVerb,
  readNamed,
  removeContainer,
  runOptions,
  settleEnded,
  withUsersNetwork,
} from "../containers/index.ts";
import { AtomicError } from "../errors.ts";
import { findImage, type StoredImage } from "../oci/index.ts";
import { containerFlags, containerOptions, splitAtImage } from "./containers/run-request.ts";
import { ContainerCommand } from "./containers/base.ts";
import { agree, type LabelledRun, labelledRun } from "./containers/label-run.ts";
import { commandLine } from "./containers/command-line.ts";
import { runAgain } from "./containers/run-again.ts";
import { startSession } from "./containers/start-session.ts";
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
    ignore: boolean({ summary: "run an image that was not installed, though it has LABEL INSTALL" }),
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
    if (this.doWithoutLabel(engine, image, flags)) return 0;
    const asked = labelledRun(this.verb(), {
      image,
      named,
      spc: flags["spc"],
      flags: containerOptions(flags),
      command,
      options: [flags["opt1"], flags["opt2"], flags["opt3"]],
    });
    if (flags["display"]) {
      this.show(flags, { words: asked.words }, () => commandLine(asked.words));
      return 0;
    }
    if (this.verb() === "RUN" && flags["ignore"] !== true) expectInstalled(engine, image);
    agree(engine, image, asked, { yes: flags["yes"] });
    const status = await this.#start(engine, image, { asked, command, replace: flags["replace"], json: flags.json });
    if (status === 0) this.succeeded(engine, image, asked.flags.name ?? named);
    return status;
  }

  /** Does what there is to do for an image without the label. @returns whether that was all */
  protected doWithoutLabel(_engine: Engine, _image: StoredImage, _flags: { json: boolean }): boolean {
    return false;
  }

  /** Records that it was done. */
  protected succeeded(_engine: Engine, _image: StoredImage, _name: string): void {
    // Nobody asks later whether an image was run.
  }

  async #start(
    engine: Engine,
    image: StoredImage,
    { asked, command, replace, json }: { asked: LabelledRun; command: string[]; replace: boolean; json: boolean },
  ): Promise<number> {
    const options = runOptions(withUsersNetwork(engine, asked.flags, (text) => writeStderr(`${text}\n`)));
    const { name, detach, interactive } = options;
    const isThere = () => name !== undefined && containerNames(engine).includes(name);
    if (isThere()) await settleEnded(engine);
    if (isThere()) {
      const container = readNamed(engine, name!);
      if (!replace) return runAgain(engine, container, { commit: image.commit, command, detach, interactive });
      await removeContainer(engine, container, { force: true });
    }
    const container = createNamed(engine, { image, options, command: asked.command });
    // One that never ran is of no use.
    const status = await startSession(engine, container, { detach, interactive, discard: true });
    if (detach) this.show({ json }, { id: container.id, name: container.name }, () => container.name);
    return status;
  }
}

/** @throws AtomicError conflict when the image wants to be installed first */
function expectInstalled(engine: Engine, { name, manifestDigest, config }: StoredImage): void {
  if (findLabel(config.labels, "INSTALL") === undefined || isInstalled(engine, manifestDigest)) return;
  throw new AtomicError("conflict", `running ${name}: it wants to be installed first, by its LABEL INSTALL`, {
    hint: `atomic install ${name}`,
  });
}
