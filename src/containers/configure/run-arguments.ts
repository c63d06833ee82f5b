/** A docker-style command line: options, image, command. */
import { AtomicError } from "../../errors.ts";
import { type RawRunFlags, RUN_FLAGS, type RunFlag } from "./run-flags.ts";

export interface RunArguments {
  flags: RawRunFlags;
  image: string;
  /** Words for the container's program; none: the image's own. */
  command: string[];
}

/**
 * Reads the words behind `docker run`.
 * @throws AtomicError unsupported, naming the option, for one we do not have; invalid for a value that is missing
 */
export function parseRunArguments(words: readonly string[]): RunArguments {
  const { flags, rest } = parseRunFlags(words);
  const [image, ...command] = rest;
  if (image === undefined || image === "") throw bad("invalid", "the command names no image");
  return { flags, image, command };
}

/** Reads the options at the beginning of `words`; they end at the first word that is none. @throws as above */
export function parseRunFlags(words: readonly string[]): { flags: RawRunFlags; rest: string[] } {
  const raw: Record<string, boolean | string | string[]> = {};
  const rest = [...words];
  const set = ({ name, kind }: Known, text: string | undefined, shown: string) => {
    if (kind === "flag") {
      if (text !== undefined && text !== "true" && text !== "false")
        throw bad("invalid", `${shown}: expected true or false, found ${text}`);
      raw[name] = text !== "false";
      return;
    }
    const found = text ?? rest.shift();
    if (found === undefined) throw bad("invalid", `${shown}: its value is missing`);
    if (kind === "value") raw[name] = found;
    else raw[name] = [...((raw[name] as string[] | undefined) ?? []), found];
  };
  while (rest[0]?.startsWith("-") === true && rest[0] !== "-") {
    const word = rest.shift()!;
    if (word === "--") break;
    const [option, text] = splitOnce(word);
    if (option.startsWith("--"))
      set(
        known(option, ({ long }) => long.includes(option.slice(2))),
        text,
        option,
      );
    else setLetters(word.slice(1), set);
  }
  return { flags: raw, rest };
}

interface Known {
  name: string;
  kind: RunFlag["kind"];
  long: string[];
  char: string | undefined;
}

const KNOWN: readonly Known[] = Object.entries<RunFlag>(RUN_FLAGS).map(([name, { kind, alias, char }]) => ({
  name,
  kind,
  long: alias === undefined ? [name] : [name, alias],
  char,
}));

/** `-it`, `-eKEY=VALUE`, `-e=KEY=VALUE`. */
function setLetters(letters: string, set: (known: Known, text: string | undefined, shown: string) => void): void {
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at]!;
    const option = known(`-${letter}`, ({ char }) => char === letter);
    const after = letters.slice(at + 1);
    if (option.kind === "flag" && !after.startsWith("=")) {
      set(option, undefined, `-${letter}`);
      continue;
    }
    set(option, after === "" ? undefined : after.replace(/^=/, ""), `-${letter}`);
    return;
  }
}

function known(shown: string, matches: (one: Known) => boolean): Known {
  const found = KNOWN.find(matches);
  if (found === undefined) {
    throw bad("unsupported", `there is no option ${shown}`, "atomic run --help");
  }
  return found;
}

function splitOnce(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function bad(code: "invalid" | "unsupported", why: string, hint?: string): AtomicError {
  return new AtomicError(code, `reading the options of run: ${why}`, hint === undefined ? {} : { hint });
}
