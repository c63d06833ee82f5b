/** LABEL RUN, INSTALL, UNINSTALL and STOP: docker-style command lines that we carry out ourselves. */
import { basename } from "node:path";
import { AtomicError } from "../../errors.ts";
import { parseRunArguments, type RunArguments } from "../configure/run-arguments.ts";
import { expandLabel, type Variables } from "./expand.ts";

export const LABEL_VERBS = ["RUN", "INSTALL", "UNINSTALL", "STOP"] as const;
export type LabelVerb = (typeof LABEL_VERBS)[number];

/** What a label asks for. */
export type LabelCommand =
  | { kind: "run"; words: readonly string[]; run: RunArguments }
  | ContainerCommand
  | { kind: "exec"; words: readonly string[]; name: string; command: readonly string[]; terminal: boolean };

/** What is done to containers that exist. */
interface ContainerCommand {
  kind: "stop" | "kill" | "rm";
  words: readonly string[];
  names: readonly string[];
  /** Seconds to wait before killing them. */
  time?: number;
  /** As `kill` takes it. */
  signal?: string;
}

const ENGINES = ["docker", "podman", "atomic"];

/** The label of an image, whatever the case of its name. @param labels of the image's configuration */
export function findLabel(
  labels: Readonly<Record<string, string>>,
  verb: LabelVerb | "RUN_OPTS_FILE",
): string | undefined {
  const lower = verb.toLowerCase();
  const names = [verb, lower, lower.charAt(0).toUpperCase() + lower.slice(1)];
  return names.filter((name) => Object.hasOwn(labels, name)).map((name) => labels[name])[0];
}

/**
 * Reads the command of a label; `extra` are words the operator added to it.
 * @throws AtomicError invalid, unsupported: for another program than docker or podman, and for an option we do not have
 */
export function interpretLabel(label: string, variables: Variables, extra: readonly string[] = []): LabelCommand {
  const { IMAGE = "", NAME = "" } = variables;
  // The oldest form, without a dollar sign.
  const legacy: Readonly<Record<string, string>> = {
    IMAGE,
    NAME,
    "IMAGE=IMAGE": `IMAGE=${IMAGE}`,
    "NAME=NAME": `NAME=${NAME}`,
  };
  const words = [...expandLabel(label, variables).map((word) => legacy[word] ?? word), ...extra];
  const [program = "", verb = "", ...rest] = words;
  if (!ENGINES.includes(basename(program))) {
    throw unsupported(`expected docker or podman, found ${JSON.stringify(program)}`);
  }
  if (verb === "run") return { kind: "run", words, run: parseRunArguments(rest) };
  if (verb === "stop" || verb === "kill" || verb === "rm") return { kind: verb, words, ...containerWords(verb, rest) };
  if (verb === "exec") return { kind: "exec", words, ...execWords(rest) };
  throw unsupported(`expected run, exec, stop, kill or rm, found ${JSON.stringify(verb)}`);
}

/** The option of each command that takes a value; `rm` has one without. */
const OPTIONS = {
  stop: /^(?:-t|--time)(?:=(.*))?$/,
  kill: /^(?:-s|--signal)(?:=(.*))?$/,
  rm: /^(?:-f|--force)()$/,
} as const;
const MAX_TIME = 86_400;

function containerWords(
  verb: keyof typeof OPTIONS,
  words: readonly string[],
): Omit<ContainerCommand, "kind" | "words"> {
  const names: string[] = [];
  let value: string | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!;
    const option = OPTIONS[verb].exec(word);
    if (option !== null) value = option[1] ?? words[(at += 1)] ?? "";
    else if (word.startsWith("-")) throw unsupported(`${verb} has no option ${word} here`);
    else names.push(word);
  }
  if (value === undefined || verb === "rm") return { names };
  if (verb === "kill") return { names, signal: value };
  const time = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(time <= MAX_TIME)) throw unsupported(`--time: expected seconds, found ${JSON.stringify(value)}`);
  return { names, time };
}

function execWords(words: readonly string[]): { name: string; command: readonly string[]; terminal: boolean } {
  const at = words.findIndex((word) => !word.startsWith("-"));
  const [flags, [name, ...command]] = at === -1 ? [words, []] : [words.slice(0, at), words.slice(at)];
  const unknown = flags.find((word) => !/^-[it]+$|^--(?:interactive|tty)$/.test(word));
  if (unknown !== undefined) throw unsupported(`exec has no option ${unknown} here`);
  if (name === undefined || command.length === 0) throw unsupported("exec: expected a container and a program");
  return { name, command, terminal: flags.some((word) => word === "--tty" || /^-[it]*t/.test(word)) };
}

/** The options of a super-privileged container (`--spc`): the host's namespaces and files, and every privilege. */
export const SPC_WORDS: readonly string[] = [
  "--privileged",
  "-v=/:/host:rslave",
  "-v=/run:/run",
  "-v=/etc/localtime:/etc/localtime:ro",
  "--net=host",
  "--ipc=host",
  "--pid=host",
  "-e=HOST=/host",
  "-e=SYSTEMD_IGNORE_CHROOT=1",
];

function unsupported(why: string): AtomicError {
  return new AtomicError("unsupported", `reading the label command: ${why}`, { hint: "atomic info IMAGE" });
}
