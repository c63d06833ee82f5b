/**
 * The steps from the boot entries we have to those we want, see docs/decisions/0004-boot-entry-switch.md.
 *
 * Existing files are never rewritten. What is new, or must move up, becomes a new file with a higher order, the
 * default first: its appearance is the commit point. Then come the others below it, then files without a use go, the
 * one the loader likes least first. So at every instant the loader's default is the old or the new one, and everything
 * it lists can be started.
 */
import { AtomicError } from "../errors.ts";
import { formatBlsEntry, getField } from "./bls-entry.ts";
import type { BootFile } from "./boot-directory.ts";
import { bootEntryName, formatBootEntry, MAX_ORDER, OWN_PREFIX, readBootEntry } from "./boot-entry.ts";
import type { BootEntry, InstalledEntry } from "./boot-entry.ts";
import { formatEntryName, isBad, newCounter } from "./entry-name.ts";
import type { BootCounter } from "./entry-name.ts";
import { sortEntries } from "./sort.ts";
import type { LoaderEntry } from "./sort.ts";

/** One change to `loader/entries`; every prefix of a plan leaves the old or the new default. */
export type SwitchStep = { kind: "write"; fileName: string; text: string } | { kind: "remove"; fileName: string };

interface OwnFile {
  fileName: string;
  loaderEntry: LoaderEntry;
  installed: InstalledEntry;
  text: string;
}

/**
 * Plans to make `wanted` the whole set of our entries, the default first; files of others are left alone.
 * An entry already there keeps its boot counter, unless it starts something else now or is the wanted default and bad.
 * @param files what `readBootDirectory` found
 * @param prefix see `formatBootEntry`
 * @returns no steps when everything is as wanted
 * @throws AtomicError invalid when nothing is wanted, an id is wanted twice, or an entry cannot be written
 */
export function planBootSwitch(files: readonly BootFile[], wanted: readonly BootEntry[], prefix: string): SwitchStep[] {
  if (wanted.length === 0) throw new AtomicError("invalid", "switching boot entries: expected at least one entry");
  const ids = wanted.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new AtomicError("invalid", `switching boot entries: '${twice}' is wanted twice`);

  const own = files.filter(({ fileName }) => /^atomic-[A-Za-z0-9+\-_.]*$/.test(fileName));
  const present = newestById(own, prefix);
  const kept = keptEntries(present, wanted, prefix);
  const risen = wanted.slice(0, wanted.length - kept.length);
  const base = highestOrder(own);

  const writes = risen.map((entry, index): SwitchStep => {
    const order = base + risen.length - index;
    const counter = counterFor(entry, present.get(entry.id), index === 0);
    const fileName = formatEntryName(bootEntryName(entry.id, order, counter));
    return {
      kind: "write",
      fileName,
      text: formatBootEntry(entry, order, prefix),
    };
  });
  const keptNames = new Set(kept.map(({ fileName }) => fileName));
  const removals = leastLikedFirst(own.filter(({ fileName }) => !keptNames.has(fileName)));
  return [
    ...writes,
    ...removals.map(({ fileName }): SwitchStep => ({
      kind: "remove",
      fileName,
    })),
  ];
}

/** The newest file of each id: a switch that was cut short leaves two. */
function newestById(own: readonly BootFile[], prefix: string): Map<string, OwnFile> {
  const newest = new Map<string, OwnFile>();
  for (const { fileName, loaderEntry } of own) {
    if (loaderEntry === undefined) continue;
    const installed = readBootEntry(loaderEntry, prefix);
    if (installed === undefined || installed.order < (newest.get(installed.id)?.installed.order ?? 0)) continue;
    newest.set(installed.id, {
      fileName,
      loaderEntry,
      installed,
      text: formatBlsEntry(loaderEntry.entry),
    });
  }
  return newest;
}

/** The longest tail of `wanted` that is there already, as it should be and in order. */
function keptEntries(present: ReadonlyMap<string, OwnFile>, wanted: readonly BootEntry[], prefix: string): OwnFile[] {
  const kept: OwnFile[] = [];
  for (const [index, entry] of [...wanted.entries()].reverse()) {
    const file = present.get(entry.id);
    if (file === undefined || file.installed.order <= (kept[0]?.installed.order ?? 0)) break;
    if (file.text !== formatBootEntry(entry, file.installed.order, prefix)) break;
    if (index === 0 && isBad(file.loaderEntry.name)) break;
    kept.unshift(file);
  }
  return kept;
}

/** No new order may be below one that a loader sees in a name or a version. */
function highestOrder(own: readonly BootFile[]): number {
  const orders = own.flatMap(({ fileName, loaderEntry }) => {
    const version = loaderEntry === undefined ? undefined : getField(loaderEntry.entry, "version");
    return [fileName.slice(OWN_PREFIX.length), version ?? ""].map((text) => Number(/^[0-9]+/.exec(text)?.[0] ?? 0));
  });
  return Math.max(0, ...orders.filter((order) => order <= MAX_ORDER));
}

function counterFor(entry: BootEntry, present: OwnFile | undefined, isDefault: boolean): BootCounter | undefined {
  if (
    present !== undefined &&
    startsSame(present.installed, entry) &&
    !(isDefault && isBad(present.loaderEntry.name))
  ) {
    return present.installed.counter;
  }
  return entry.tries === undefined ? undefined : newCounter(entry.tries);
}

function startsSame(a: Omit<BootEntry, "tries">, b: BootEntry): boolean {
  const started = (entry: Omit<BootEntry, "tries">): string => JSON.stringify([entry.linux, entry.initrd, entry.kargs]);
  return started(a) === started(b);
}

function leastLikedFirst(files: readonly BootFile[]): BootFile[] {
  const unlisted = files.filter(({ loaderEntry }) => loaderEntry === undefined);
  const listed = files.flatMap(({ fileName, loaderEntry }) => (loaderEntry ? { fileName, ...loaderEntry } : []));
  return [...unlisted, ...sortEntries(listed).reverse()];
}
