/**
 * Keeping GRUB and the boot entries in step.
 *
 * The menu is `grub/menu-a.cfg`, or `grub/menu-b.cfg` when there is no menu-a. A new menu gets the name that is free;
 * the appearance of menu-a, or the removal of it, is the commit point. A name is never given new content in place,
 * which FAT cannot do in one step. Linux writes menus, GRUB alone writes the environment block.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Durable } from "../durable.ts";
import { isAtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import { entriesDirectory, readBootDirectory } from "./boot-directory.ts";
import { readBootEntry } from "./boot-entry.ts";
import { formatEntryName } from "./entry-name.ts";
import { allAttempts, countedAttempts } from "./grub-attempts.ts";
import { grubMenu, MENU_WHOLE, type MenuEntry } from "./grub-menu.ts";
import { GRUBENV_SIZE, parseGrubenv } from "./grubenv.ts";
import { sortEntries } from "./sort.ts";

/** Below the boot directory. */
export const GRUB_DIRECTORY = "grub";
/** The first that exists counts. */
export const MENUS = ["menu-a.cfg", "menu-b.cfg"] as const;
const UNFINISHED = "menu.tmp";
const MAX_MENU = 4 * 1024 * 1024;

/** Takes over what GRUB counted, then writes the menu unless it says what the entries say already. */
export function settleGrub(disk: Durable, bootDirectory: string): void {
  const attempts = readAttempts(bootDirectory);
  takeAttempts(disk, bootDirectory, attempts);
  const menu = Buffer.from(menuOf(bootDirectory, attempts), "utf8");
  const directory = join(bootDirectory, GRUB_DIRECTORY);
  const [first, second] = MENUS.map((name) => join(directory, name)) as [string, string];
  const [current, other] = isWhole(readMenu(first)) ? [first, second] : [second, first];
  const isCurrent = readMenu(current)?.equals(menu) === true;
  if (!isCurrent) writeMenu(disk, { directory, path: other, menu });
  remove(disk, directory, isCurrent ? other : current);
}

/** The attempts GRUB has counted, by ORDER; none when the block is missing or damaged: then it counts nothing either. */
function readAttempts(bootDirectory: string): Map<number, number> {
  try {
    return countedAttempts(parseGrubenv(readFile(join(bootDirectory, GRUB_DIRECTORY, "grubenv"), GRUBENV_SIZE)));
  } catch (error) {
    if (isAtomicError(error, "not-found") || isAtomicError(error, "invalid")) return new Map();
    throw error;
  }
}

/** Writes counted attempts into the names of entries, where everybody else looks for them. */
function takeAttempts(disk: Durable, bootDirectory: string, attempts: ReadonlyMap<number, number>): void {
  const directory = entriesDirectory(bootDirectory);
  for (const { loaderEntry, own } of menuEntries(bootDirectory)) {
    const { name } = loaderEntry;
    const made = own === undefined ? 0 : (attempts.get(own.order) ?? 0);
    if (name.counter === undefined || made <= name.counter.done) continue;
    const all = allAttempts(name.counter);
    const done = Math.min(made, all);
    const counted = { stem: name.stem, counter: { ...name.counter, left: all - done, done } };
    disk.renameNoReplace(join(directory, formatEntryName(name)), join(directory, formatEntryName(counted)));
    disk.fsyncDirectory(directory);
  }
}

function menuOf(bootDirectory: string, attempts: ReadonlyMap<number, number>): string {
  const entries = menuEntries(bootDirectory);
  const counted = entries.flatMap(({ own }) => (own?.counter === undefined ? [] : own.order));
  const stale = [...attempts.keys()].filter((order) => !counted.includes(order));
  return grubMenu(entries, stale);
}

/** All entries in the loader's order. Of ours only order and counter are used: paths stay as the entry has them. */
function menuEntries(bootDirectory: string): MenuEntry[] {
  const listed = sortEntries(readBootDirectory(bootDirectory).flatMap(({ loaderEntry }) => loaderEntry ?? []));
  return listed.map((loaderEntry) => {
    const own = readBootEntry(loaderEntry, "");
    return own === undefined ? { loaderEntry } : { loaderEntry, own };
  });
}

/** The bytes of a menu; undefined when it is missing. */
function readMenu(path: string): Buffer | undefined {
  try {
    return readFile(path, MAX_MENU);
  } catch (error) {
    if (isAtomicError(error, "not-found")) return undefined;
    throw error;
  }
}

/** False for one that is missing, or that a crash cut off: GRUB then goes on to the other. */
function isWhole(menu: Buffer | undefined): boolean {
  return menu?.subarray(-MENU_WHOLE.length).equals(Buffer.from(MENU_WHOLE)) === true;
}

function writeMenu(
  disk: Durable,
  { directory, path, menu }: { directory: string; path: string; menu: Uint8Array },
): void {
  const unfinished = join(directory, UNFINISHED);
  disk.removeTree(unfinished);
  disk.removeTree(path);
  const file = disk.create(unfinished, 0o644);
  try {
    file.write(menu);
    file.sync();
  } finally {
    file.close();
  }
  disk.fsyncDirectory(directory);
  disk.renameNoReplace(unfinished, path);
  disk.fsyncDirectory(directory);
}

function remove(disk: Durable, directory: string, path: string): void {
  if (!existsSync(path)) return;
  disk.removeTree(path);
  disk.fsyncDirectory(directory);
}
