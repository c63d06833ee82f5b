/**
 * Which verb a command line calls.
 */
import { AtomicError } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { TOPICS, VERBS } from "./table.ts";

/** A verb's words and what follows them. */
export interface Call {
  words: string;
  argv: string[];
}

const FLAGS_WITH_VALUE = ["--sysroot", "--progress"];

/** The call `argv` makes, with global flags before the verb moved behind it; undefined when it names no verb. */
export function findVerb(argv: string[]): Call | undefined {
  const { flags, rest } = leadingFlags(argv);
  for (let length = Math.min(MAX_WORDS, rest.length); length > 0; length--) {
    const words = rest.slice(0, length).join(" ");
    if (Object.hasOwn(VERBS, words)) return { words, argv: [...flags, ...rest.slice(length)] };
  }
  return undefined;
}

/** The topic `argv` names, flags aside. */
export function findTopic(argv: string[]): string | undefined {
  const words = leadingFlags(argv)
    .rest.filter((word) => !word.startsWith("-"))
    .join(" ");
  return Object.hasOwn(TOPICS, words) ? words : undefined;
}

/** The error for an `argv` that names neither a verb nor a topic. */
export function unknownVerb(argv: string[]): AtomicError {
  const { rest } = leadingFlags(argv);
  const end = rest.findIndex((word) => word.startsWith("-"));
  const words = rest.slice(0, end === -1 ? MAX_WORDS : Math.min(end, MAX_WORDS));
  if (words.length === 0) return unknown(argv[0] ?? "", "atomic --help");
  const known = Object.keys(VERBS);
  for (let length = words.length; length > 0; length--) {
    const close = nearest(words.slice(0, length).join(" "), known);
    if (close !== undefined) return unknown(words.slice(0, length).join(" "), `atomic ${close}`);
  }
  const topic = words[0] !== undefined && Object.hasOwn(TOPICS, words[0]) ? ` ${words[0]}` : "";
  return unknown(words.join(" "), `atomic${topic} --help`);
}

const MAX_WORDS = 3;

function unknown(words: string, hint: string): AtomicError {
  return new AtomicError("usage", `running 'atomic ${words}': no such command`, { hint });
}

function leadingFlags(argv: string[]): { flags: string[]; rest: string[] } {
  let end = 0;
  while (argv[end]?.startsWith("-") && argv[end] !== "--") end += FLAGS_WITH_VALUE.includes(argv[end] ?? "") ? 2 : 1;
  return { flags: argv.slice(0, end), rest: argv.slice(end) };
}
