/** The verbs of `atomic-runtime`: parse, call one use case, print what callers expect. */
import { writeFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import {
  containerState,
  createContainer,
  deleteContainer,
  killContainer,
  listContainers,
  parseConfig,
  parseSignal,
  pauseContainer,
  readRecord,
  runHooks,
  runPoststop,
  runtimeFeatures,
  startContainer,
} from "../../containers/index.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { runExec } from "./exec.ts";
import { oneId, parseVerb, preservedFds, readInput, type RuntimeOptions, text, type VerbOptions } from "./options.ts";
import { runPs } from "./ps.ts";
import { runUpdate } from "./update.ts";

type Verb = (options: RuntimeOptions, args: readonly string[]) => number | void | Promise<number>;

const CREATE: VerbOptions = {
  bundle: { type: "string", short: "b" },
  "pid-file": { type: "string" },
  "console-socket": { type: "string" },
  "preserve-fds": { type: "string" },
  "no-pivot": { type: "boolean" },
  "no-new-keyring": { type: "boolean" },
};

export const VERBS: Readonly<Partial<Record<string, Verb>>> = {
  create(options, args) {
    const { values, positionals } = parseVerb(args, CREATE);
    const id = oneId(positionals);
    const bundle = resolve(text(values["bundle"]) ?? ".");
    const config = parseConfig(readInput(join(bundle, "config.json")));
    const path = config.root?.path ?? "rootfs";
    const socket = text(values["console-socket"]);
    const preserved = preservedFds(text(values["preserve-fds"]));
    const { record, warnings } = createContainer({
      state: options.state,
      id,
      bundle,
      rootfs: isAbsolute(path) ? path : join(bundle, path),
      config,
      descriptors: [0, 1, 2, ...preserved],
      waits: true,
      ...(socket === undefined ? {} : { consoleSocket: socket }),
    });
    for (const warning of warnings) process.stderr.write(`atomic-runtime: warning: ${warning}\n`);
    try {
      const pidFile = text(values["pid-file"]);
      if (pidFile !== undefined && record.process !== undefined) writeFileSync(pidFile, String(record.process.pid));
    } catch (error) {
      deleteContainer(options.state, id, true);
      throw error;
    }
  },
  start(options, args) {
    const id = oneId(parseVerb(args, {}).positionals);
    const record = readRecord(options.state, id);
    try {
      startContainer(options.state, id);
      runHooks(record, "poststart", "running");
    } catch (error) {
      if (isAtomicError(error, "child-failed")) remove(options, id, true);
      throw error;
    }
  },
  exec: runExec,
  ps: runPs,
  update: runUpdate,
  features(_options, args) {
    parseVerb(args, {});
    const { arch } = process;
    if (arch !== "x64" && arch !== "arm64")
      throw new AtomicError("unsupported", `running containers: ${arch} is not supported`);
    process.stdout.write(`${JSON.stringify(runtimeFeatures(arch), undefined, 2)}\n`);
  },
  state(options, args) {
    const state = containerState(options.state, oneId(parseVerb(args, {}).positionals));
    process.stdout.write(`${JSON.stringify(state, undefined, 2)}\n`);
  },
  kill(options, args) {
    const { values, positionals } = parseVerb(args, { all: { type: "boolean", short: "a" } });
    const [id, signal = "TERM"] = positionals;
    killContainer(options.state, oneId([id ?? ""]), parseSignal(signal), values["all"] === true);
  },
  delete(options, args) {
    const { values, positionals } = parseVerb(args, { force: { type: "boolean", short: "f" } });
    remove(options, oneId(positionals), values["force"] === true);
  },
  list(options, args) {
    const { values } = parseVerb(args, {
      format: { type: "string", short: "f" },
      quiet: { type: "boolean", short: "q" },
    });
    const states = listContainers(options.state).map((id) => containerState(options.state, id));
    if (values["format"] === "json") process.stdout.write(`${JSON.stringify(states)}\n`);
    else
      for (const { id, status, pid } of states)
        process.stdout.write(values["quiet"] === true ? `${id}\n` : `${id}\t${pid ?? 0}\t${status}\n`);
  },
  pause: (options, args) => pauseContainer(options.state, oneId(parseVerb(args, {}).positionals), true),
  resume: (options, args) => pauseContainer(options.state, oneId(parseVerb(args, {}).positionals), false),
};

/** Removes a container, then runs its poststop hooks: what fails of those stops nothing. */
function remove({ state }: RuntimeOptions, id: ReturnType<typeof oneId>, force: boolean): void {
  const record = deleteContainer(state, id, force);
  if (record === undefined) return;
  for (const warning of runPoststop(record)) process.stderr.write(`atomic-runtime: warning: ${warning}\n`);
}
