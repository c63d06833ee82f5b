/**
 * What GRUB shows and starts, as a script that is made anew after every change of the entries.
 *
 * GRUB 2.06 cannot read boot entries itself, and no version counts attempts. The script counts in an environment block
 * (grub-attempts.ts) when it starts an entry, and takes the first of ours that has attempts left for the default.
 */
import { getField, getFields } from "./bls-entry.ts";
import type { InstalledEntry } from "./boot-entry.ts";
import { allAttempts, attemptsValue, attemptsVariable } from "./grub-attempts.ts";
import { bareKarg, parseKargs } from "./kargs.ts";
import type { LoaderEntry } from "./sort.ts";

/** An entry for the menu. */
export interface MenuEntry {
  loaderEntry: LoaderEntry;
  /** Present when it is ours. */
  own?: InstalledEntry;
}

/** Where the attempts are, as GRUB names it. */
const BLOCK = "--file=$prefix/grubenv";
/** The last thing a menu does; one that was cut off does not say so. */
export const MENU_WHOLE = "set atomic_menu=whole\n";

/**
 * The text of the menu.
 * @param entries in the loader's order; those without a kernel are left out
 * @param stale ORDERs whose attempts are in the environment block, but which nothing counts any more
 */
export function grubMenu(entries: readonly MenuEntry[], stale: readonly number[]): string {
  const shown = entries.filter(({ loaderEntry }) => getField(loaderEntry.entry, "linux") !== undefined);
  const counted = shown.flatMap(({ own }) => (own?.counter === undefined ? [] : attemptsVariable(own.order)));
  return [
    "# Written by atomic after every change of loader/entries: what is changed here gets lost.\n",
    ...(counted.length === 0 ? [] : [`load_env ${BLOCK} ${counted.join(" ")}\n`]),
    ...stale.map(attemptsVariable).map((name) => `unset ${name}\nsave_env ${BLOCK} ${name}\n`),
    ...shown.map(menuEntry),
    chooseDefault(shown),
    MENU_WHOLE,
  ].join("");
}

function menuEntry({ loaderEntry, own }: MenuEntry): string {
  const { name, entry } = loaderEntry;
  const kargs = parseKargs(getFields(entry, "options").join(" ")).map(bareKarg);
  const initrd = getFields(entry, "initrd");
  const variable = own?.counter === undefined ? undefined : attemptsVariable(own.order);
  return [
    `menuentry ${quoted(getField(entry, "title") ?? name.stem)} --id ${quoted(name.stem)} {`,
    ...(variable === undefined ? [] : [`  set ${variable}="\${${variable}}x"`, `  save_env ${BLOCK} ${variable}`]),
    `  linux ${[getField(entry, "linux")!, ...kargs].map(quoted).join(" ")}`,
    ...(initrd.length === 0 ? [] : [`  initrd ${initrd.map(quoted).join(" ")}`]),
    "}\n",
  ].join("\n");
}

/** The first of ours with attempts left is the default; the others follow in the loader's order if it cannot start. */
function chooseDefault(shown: readonly MenuEntry[]): string {
  const own = shown.flatMap((entry, index) => (entry.own === undefined ? [] : [{ entry: entry.own, index }]));
  const choose = (chosen: number): string => {
    const others = own.flatMap(({ index }) => (index === chosen ? [] : [index]));
    return `set default=${chosen}\nset fallback="${others.join(" ")}"\n`;
  };
  const uncounted = own.findIndex(({ entry }) => entry.counter === undefined);
  const counted = own.slice(0, uncounted === -1 ? own.length : uncounted);
  // When all have used up their attempts, the first gets another.
  const last = own[uncounted] ?? own[0];
  if (last === undefined) return "";
  if (counted.length === 0) return choose(last.index);
  const branches = counted.map(({ entry, index }) => {
    const used = quoted(entry.counter === undefined ? "" : attemptsValue(allAttempts(entry.counter)));
    return `if [ "\${${attemptsVariable(entry.order)}}" != ${used} ]; then\n${choose(index)}`;
  });
  return `${branches.join("el")}else\n${choose(last.index)}fi\n`;
}

/** One word of GRUB's script language that stands for exactly `text`. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
