/** A label's command line: words as a shell splits them, variables filled in. No shell ever sees it. */
import { AtomicError } from "../../errors.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

const MAX_LABEL = 65_536;
const MAX_WORDS = 4096;

/** A run of characters with one kind of quoting. */
interface Part {
  text: string;
  quoted: boolean;
}

/**
 * Splits `label` into words and fills in `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`. Inside quotes a
 * value stays one word; outside it is split at blanks, and a word of which nothing is left is gone.
 * A variable that is not set and has no default is empty.
 * @throws AtomicError invalid for what only a shell can do, and for quotes that do not end
 */
export function expandLabel(label: string, variables: Variables): string[] {
  if (label.length > MAX_LABEL) throw bad(label, `expected at most ${MAX_LABEL} characters`);
  const words: string[] = [];
  let word: Part[] = [];
  const endWord = () => {
    words.push(...splitFields(word));
    word = [];
    if (words.length > MAX_WORDS) throw bad(label, `expected at most ${MAX_WORDS} words`);
  };
  for (const token of tokensOf(label)) {
    if (token.kind === "blank") endWord();
    else if (token.kind === "text") word.push({ text: token.text, quoted: true });
    else word.push({ text: valueOf(token.text, variables, label), quoted: token.quoted });
  }
  endWord();
  return words;
}

/** Text keeps its blanks; values outside quotes are split at theirs. */
function splitFields(parts: readonly Part[]): string[] {
  const fields: string[] = [];
  let open: string | undefined;
  for (const { text, quoted } of parts) {
    if (quoted) {
      open = (open ?? "") + text;
      continue;
    }
    const [first = "", ...rest] = text.split(/\s+/);
    if (first !== "") open = (open ?? "") + first;
    for (const field of rest) {
      if (open !== undefined) fields.push(open);
      open = field === "" ? undefined : field;
    }
  }
  return open === undefined ? fields : [...fields, open];
}

type Token = { kind: "blank" } | { kind: "text"; text: string } | { kind: "variable"; text: string; quoted: boolean };

/** One match is one piece of text, quoted or not; `\` takes the next character as it is. */
const PIECE =
  /(?<blank>\s+)|(?<single>'[^']*')|(?<quote>")|\\(?<escaped>[^])|\$\{(?<braced>[^}]*)\}|\$(?<bare>[A-Za-z_][A-Za-z0-9_]*)|(?<plain>[^\s'"\\$`;&|<>()]+)/y;
const QUOTED =
  /(?<end>")|\\(?<escaped>["\\$`])|\$\{(?<braced>[^}]*)\}|\$(?<bare>[A-Za-z_][A-Za-z0-9_]*)|(?<plain>[^"\\$`]+|\\)/y;

function tokensOf(label: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let quoted = false;
  while (at < label.length) {
    const pattern: RegExp = quoted ? QUOTED : PIECE;
    pattern.lastIndex = at;
    const groups: Record<string, string | undefined> | undefined = pattern.exec(label)?.groups;
    if (groups === undefined) throw bad(label, `only a shell understands ${JSON.stringify(label.slice(at, at + 20))}`);
    at = pattern.lastIndex;
    const { blank, single, quote, end, escaped, braced, bare, plain } = groups;
    const variable = braced ?? bare;
    if (blank !== undefined) tokens.push({ kind: "blank" });
    else if (variable !== undefined) tokens.push({ kind: "variable", text: variable, quoted });
    else if (quote !== undefined || end !== undefined) {
      quoted = quote !== undefined;
      // "" is a word, though an empty one.
      tokens.push({ kind: "text", text: "" });
    } else tokens.push({ kind: "text", text: single?.slice(1, -1) ?? escaped ?? plain ?? "" });
  }
  if (quoted) throw bad(label, "a quote does not end");
  return tokens;
}

function valueOf(expression: string, variables: Variables, label: string): string {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)(.*))?$/s.exec(expression);
  if (match === null) throw bad(label, `only a shell understands ${JSON.stringify(`\${${expression}}`)}`);
  const [, name = "", operator, fallback = ""] = match;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  const missing = value === undefined || (operator === ":-" && value === "");
  return missing && operator !== undefined ? plainDefault(fallback, label) : (value ?? "");
}

function plainDefault(text: string, label: string): string {
  if (/[$`\\"']/.test(text)) throw bad(label, `expected a plain default, found ${JSON.stringify(text)}`);
  return text;
}

function bad(label: string, why: string): AtomicError {
  const shown = label.length > 60 ? `${label.slice(0, 60)}…` : label;
  return new AtomicError("invalid", `reading the label command ${JSON.stringify(shown)}: ${why}`);
}
