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
  | { kind: "stop" | "kill" | "rm"; words: readonly string[]; names: readonly string[] };

const ENGINES = ["docker", "podman", "atomic"];

/** The label of an image, whatever the case of its name. @param labels of the image's configuration */
export function findLabel(labels: Readonly<Record<string, string>>, verb: LabelVerb): string | undefined {
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
  if (verb === "stop" || verb === "kill" || verb === "rm") {
    const flag = rest.find((word) => word.startsWith("-") && word !== "-f" && word !== "--force");
    if (flag !== undefined) throw unsupported(`${verb} has no option ${flag} here`);
    return { kind: verb, words, names: rest.filter((word) => !word.startsWith("-")) };
  }
  throw unsupported(`expected run, stop, kill or rm, found ${JSON.stringify(verb)}`);
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
