/**
 * Shell completion: what may stand where the cursor is.
 *
 * The scripts of `atomic completion` ask `atomic __complete -- WORD…`; so all shells know what this one function knows.
 */
import type { VerbClass } from "../base.ts";
import { findVerb, type Call } from "../find-verb.ts";
import { TOPICS, VERBS } from "../table.ts";
import { type Candidate, candidatesOf, type ShellCompletion } from "./candidates.ts";

/** What may replace the last of `words`, which follow the program's name. */
export async function complete(words: string[]): Promise<Candidate[] | ShellCompletion> {
  const known = words.filter((word) => word !== "="); // bash makes `=` a word of its own
  const current = known.at(-1) ?? "";
  const before = known.slice(0, -1);
  const call = findVerb(before);
  const found = call === undefined ? nextWords(before) : await completeCall(call, current);
  if (typeof found === "string") return found;
  return found.filter(({ value }) => value.startsWith(current));
}

/** The words that lead from `before` towards a verb. */
function nextWords(before: string[]): Candidate[] {
  const prefix = before.map((word) => `${word} `).join("");
  const next = new Map<string, string>();
  for (const [words, { summary }] of Object.entries(VERBS)) {
    if (!words.startsWith(prefix)) continue;
    const [value = "", ...rest] = words.slice(prefix.length).split(" ");
    if (rest.length === 0 || !next.has(value))
      next.set(value, rest.length === 0 ? summary : (TOPICS[prefix + value] ?? ""));
  }
  return [...next].map(([value, description]) => ({ value, description }));
}

async function completeCall(call: Call, current: string): Promise<Candidate[] | ShellCompletion> {
  const { default: verb } = await (VERBS[call.words]?.load() ?? Promise.reject(new Error(`no verb ${call.words}`)));
  const flags = flagsOf(verb);
  const last = call.argv.at(-1) ?? "";
  const flag = flags.get(last);
  const sysroot = valueOf(call.argv, "--sysroot") ?? process.env["ATOMIC_SYSROOT"] ?? "/";
  const at = { sysroot, repo: valueOf(call.argv, "--repo") };
  if (flag?.takes !== undefined) return candidatesOf(flag.takes, at);
  if (current.startsWith("-")) {
    return [...flags]
      .filter(([name]) => !call.argv.includes(name))
      .map(([value, { description }]) => ({ value, description }));
  }
  const positional = call.argv.filter((word, i) => {
    return !word.startsWith("-") && flags.get(call.argv[i - 1] ?? "")?.takes === undefined;
  });
  const deeper = positional.length === 0 ? nextWords(call.words.split(" ")) : [];
  const [name, arg] = Object.entries(verb.args)[positional.length] ?? [];
  const own = name === undefined ? [] : await candidatesOf(arg?.options ?? name.toUpperCase(), at);
  return typeof own === "string" ? own : [...deeper, ...own];
}

interface KnownFlag {
  description: string;
  /** The placeholder or the allowed values of what follows; undefined when nothing does. */
  takes?: string | readonly string[];
}

function flagsOf(verb: VerbClass): Map<string, KnownFlag> {
  return new Map(
    Object.entries({ ...verb.flags, ...verb.baseFlags }).map(([name, flag]) => {
      const description = flag.summary ?? "";
      const takes = flag.type === "option" ? (flag.options ?? String(flag.helpValue)) : undefined;
      return [`--${name}`, takes === undefined ? { description } : { description, takes }];
    }),
  );
}

function valueOf(argv: string[], flag: string): string | undefined {
  const index = argv.lastIndexOf(flag);
  return index === -1 ? argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1) : argv[index + 1];
}
