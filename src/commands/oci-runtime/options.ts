/** Options of the OCI runtime command line: before the verb those of the program, after it those of the verb. */
import { parseArgs } from "node:util";
import { readFileSync } from "node:fs";
import { DEFAULT_STATE, parseContainerId } from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";

export interface RuntimeOptions {
  /** The directory of all containers' directories. */
  state: string;
  log?: string;
  logFormat: "text" | "json";
}

const GLOBAL = {
  root: { type: "string" },
  log: { type: "string" },
  "log-format": { type: "string" },
  debug: { type: "boolean" },
  "systemd-cgroup": { type: "boolean" },
  "cgroup-manager": { type: "string" },
  rootless: { type: "string" },
  version: { type: "boolean", short: "v" },
} as const;

export type VerbOptions = NonNullable<Parameters<typeof parseArgs>[0]>["options"] & object;

/** @returns the program's options, the verb and what follows it; no verb for `--version` @throws AtomicError usage */
export function splitArguments(argv: readonly string[]): { options: RuntimeOptions; verb: string; rest: string[] } {
  const end = firstWord(argv, GLOBAL);
  const { values } = parseVerb(argv.slice(0, end), GLOBAL);
  const format = values["log-format"] ?? "text";
  if (format !== "text" && format !== "json")
    throw usage(`--log-format ${JSON.stringify(format)}: expected text or json`);
  if (values["systemd-cgroup"] === true || values["cgroup-manager"] === "systemd")
    throw new AtomicError("unsupported", "placing containers by systemd: it is not supported", {
      hint: "podman --cgroup-manager=cgroupfs",
    });
  const options: RuntimeOptions = {
    state: text(values["root"]) ?? DEFAULT_STATE,
    logFormat: format,
    ...(text(values["log"]) === undefined ? {} : { log: text(values["log"])! }),
  };
  const verb = values["version"] === true ? "version" : (argv[end] ?? "");
  return { options, verb, rest: argv.slice(end + 1) };
}

/** Where the first word stands that is neither an option nor an option's value; the end where there is none. */
export function firstWord(args: readonly string[], options: VerbOptions): number {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  return tokens.find(({ kind }) => kind === "positional")?.index ?? args.length;
}

/** @throws AtomicError usage for an option there is not */
export function parseVerb(
  args: readonly string[],
  options: VerbOptions,
): { values: Record<string, unknown>; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw usage((error as Error).message);
  }
}

/** An option's text; undefined when it was not given. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function usage(message: string): AtomicError {
  return new AtomicError("usage", message.charAt(0).toLowerCase() + message.slice(1).replace(/[.]$/, ""));
}

/** @throws AtomicError usage unless there is exactly one word, the name of a container */
export function oneId(positionals: readonly string[]): ReturnType<typeof parseContainerId> {
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw usage("expected the name of one container");
  return parseContainerId(id);
}

const FIRST_PRESERVED = 3;
const MAX_PRESERVED = 1000;

/** The descriptors a process keeps: as many as `--preserve-fds` says, or as a socket unit passed on. */
export function preservedFds(value: string | undefined): number[] {
  const count = Number(value ?? process.env["LISTEN_FDS"] ?? "0");
  if (!Number.isInteger(count) || count < 0 || count > MAX_PRESERVED)
    throw usage(`--preserve-fds ${value}: expected a number`);
  return Array.from({ length: count }, (_, index) => FIRST_PRESERVED + index);
}

/** The text of a file the caller names. @throws AtomicError not-found */
export function readInput(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new AtomicError("not-found", `reading ${path}: ${(cause as Error).message}`, { cause });
  }
}
