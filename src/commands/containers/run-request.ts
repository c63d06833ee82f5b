/** The words behind `atomic run`: our options, the image, and the words for its program. */
import { boolean, string } from "@oclif/core/flags";
import { type RawRunFlags, RUN_FLAGS, type RunFlag } from "../../containers/index.ts";

/** Flags of the command line for the options of a container. */
export const containerFlags = Object.fromEntries(
  Object.entries<RunFlag>(RUN_FLAGS).map(([name, { kind, summary, char, alias }]) => {
    const names = {
      summary,
      ...(char === undefined ? {} : { char: char as "a" }),
      ...(alias === undefined ? {} : { aliases: [alias] }),
    };
    if (kind === "flag") return [name, boolean(names)];
    if (kind === "value") return [name, string(names)];
    return [name, string({ ...names, multiple: true, multipleNonGreedy: true })];
  }),
);

/** The options of a container among parsed flags. */
export function containerOptions(flags: Readonly<Record<string, unknown>>): RawRunFlags {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => Object.hasOwn(RUN_FLAGS, name) && value !== undefined),
  );
}

/**
 * Splits at the first word that is neither an option nor an option's value: what follows the image is not ours to read.
 * @param withValue names of further options that take a value
 */
export function splitAtImage(argv: readonly string[], withValue: readonly string[]): { own: string[]; rest: string[] } {
  const takers = new Set(withValue.map((name) => `--${name}`));
  for (const [name, { kind, char, alias }] of Object.entries<RunFlag>(RUN_FLAGS)) {
    if (kind === "flag") continue;
    takers.add(`--${name}`);
    if (alias !== undefined) takers.add(`--${alias}`);
    if (char !== undefined) takers.add(`-${char}`);
  }
  return splitAtWord(argv, takers);
}

/** Splits at the first word that is neither an option nor the value of one of `takers`. */
export function splitAtWord(argv: readonly string[], takers: ReadonlySet<string>): { own: string[]; rest: string[] } {
  let at = 0;
  while (argv[at]?.startsWith("-") === true && argv[at] !== "--") at += takers.has(argv[at]!) ? 2 : 1;
  const skip = argv[at] === "--" ? 1 : 0;
  return { own: argv.slice(0, at), rest: argv.slice(at + skip) };
}
