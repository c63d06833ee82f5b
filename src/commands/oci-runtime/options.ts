/** Options of the OCI runtime command line: before the verb those of the program, after it those of the verb. */
import { parseArgs } from "node:util";
import { DEFAULT_STATE } from "../../containers/index.ts";
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
  const { tokens } = parseArgs({ args: [...argv], options: GLOBAL, strict: false, tokens: true });
  const verbToken = tokens.find(({ kind }) => kind === "positional");
  const end = verbToken === undefined ? argv.length : verbToken.index;
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
