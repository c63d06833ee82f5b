/**
 * oclif's complaints about a command line, in the project's one-line form.
 */
import { CLIError } from "@oclif/core/errors";
import { AtomicError } from "../errors.ts";
import { nearest } from "./nearest.ts";

/** `error` as a usage error of `verb`, if oclif's parser raised it; else `error` itself. */
export function asUsageError(error: unknown, verb: string): unknown {
  if (!(error instanceof CLIError)) return error;
  return new AtomicError("usage", `running 'atomic ${verb}': ${complaint(error)}`, {
    hint: `atomic ${verb} --help`,
    cause: error,
  });
}

/** The fields the parser's own error classes add; it exports none of the classes. */
interface ParserError {
  parse?: { input?: { flags?: Record<string, unknown> } };
  /** Unexpected arguments as text, or the definitions of missing ones. */
  args?: (string | { name: string })[];
  /** Flags that do not exist, with their dashes. */
  flags?: string[];
}

function complaint(error: CLIError & ParserError): string {
  if (error.flags !== undefined) {
    const [flag = ""] = error.flags;
    const known = Object.keys(error.parse?.input?.flags ?? {}).map((name) => `--${name}`);
    const close = nearest(flag, known);
    return `unknown flag ${quote(flag)}${close === undefined ? "" : `, did you mean ${close}?`}`;
  }
  if (error.args !== undefined) {
    const [first] = error.args;
    if (typeof first === "string") return `unexpected argument ${quote(first)}`;
    return `missing ${error.args.map((arg) => (typeof arg === "string" ? arg : arg.name.toUpperCase())).join(" and ")}`;
  }
  return plain(error.message);
}

/** The one line that says it, of oclif's several. */
function plain(message: string): string {
  // eslint-disable-next-line no-control-regex
  const lines = message.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
  const line = lines[0]?.startsWith("The following error") ? (lines[1] ?? "") : (lines[0] ?? "");
  const text = line.trim().replace(/\.$/, "");
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
