import { boolean } from "@oclif/core/flags";
import {
  type Engine,
  findNamed,
  hasAppArmor,
  launchText,
  namedStatus,
  readCgroupStats,
  runtimeRecord,
} from "../containers/index.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { findImage } from "../oci/index.ts";
import { textArg } from "./args.ts";
import { ContainerCommand } from "./containers/base.ts";

/** `atomic inspect` */
export default class Inspect extends ContainerCommand {
  static override description =
    "Always answers in JSON, but for --launch. A container comes before an image of the same name.";
  static override args = { name: textArg({ description: "name or ID of a container or image", required: true }) };
  static override flags = {
    launch: boolean({ summary: "the program of system calls that starts a container, to be read" }),
  };
  static override examples = ["<%= config.bin %> inspect tools"];

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Inspect);
    const engine = await this.engine(flags);
    if (flags.launch) return this.#showLaunch(engine, args.name, flags);
    const found = inspectContainer(engine, args.name) ?? inspectImage(engine, args.name);
    this.show({ ...flags, json: true }, found, () => "");
  }

  #showLaunch(engine: Engine, name: string, flags: { json: boolean }): void {
    const container = findNamed(engine, name);
    const record = runtimeRecord(engine, container);
    if (record === undefined) {
      throw new AtomicError("conflict", `showing the launch program of container ${container.name}: it does not run`, {
        hint: `atomic start ${container.name}`,
      });
    }
    const text = launchText(record);
    this.show(flags, { launch: text.split("\n") }, () => text);
  }
}

function inspectContainer(engine: Engine, name: string): object | undefined {
  try {
    const container = findNamed(engine, name);
    const { config, cgroups = [], created: started } = runtimeRecord(engine, container) ?? {};
    const state = { ...namedStatus(engine, container), started: started ?? null, stats: readCgroupStats(cgroups) };
    const { labels: selinux = null, options } = container;
    const apparmor = hasAppArmor() ? (options.security.apparmor ?? null) : null;
    const confined = { confinement: { selinux, apparmor } };
    return { kind: "container", ...container, ...state, ...confined, cgroups, config: config ?? null };
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
}

function inspectImage(engine: Engine, text: string): object {
  const { name, id, manifestDigest, commit, config, bytes } = findImage(engine.repo, text);
  const { platform, created, diffIds, run, labels } = config;
  const image = { kind: "image", name, id, manifestDigest, commit, created: created ?? null, bytes };
  return { ...image, platform, run, labels, layers: diffIds };
}
