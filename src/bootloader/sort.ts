/**
 * The order in which a loader lists boot entries; without other instructions it starts the first.
 * Spec: https://uapi-group.org/specifications/specs/boot_loader_specification/#sorting
 */
import { compareBytes } from "../bytes.ts";
import { getField } from "./bls-entry.ts";
import type { BlsEntry } from "./bls-entry.ts";
import { isBad } from "./entry-name.ts";
import type { EntryName } from "./entry-name.ts";
import { compareVersions } from "./version-compare.ts";

/** An entry as a loader sees it. */
export interface LoaderEntry {
  name: EntryName;
  entry: BlsEntry;
}

/** The entries in the loader's order, the one it starts first: bad ones last, then by sort-key, then by name. */
export function sortEntries<T extends LoaderEntry>(entries: readonly T[]): T[] {
  return entries.toSorted(compareEntries);
}

/** The entry the loader starts when nobody chooses; undefined when there is none. */
export function defaultEntry<T extends LoaderEntry>(entries: readonly T[]): T | undefined {
  return sortEntries(entries)[0];
}

function compareEntries(a: LoaderEntry, b: LoaderEntry): number {
  return (
    Number(isBad(a.name)) - Number(isBad(b.name)) ||
    compareKeyed(a.entry, b.entry) ||
    compareVersions(`${b.name.stem}.conf`, `${a.name.stem}.conf`)
  );
}

function compareKeyed(a: BlsEntry, b: BlsEntry): number {
  const [keyA, keyB] = [getField(a, "sort-key"), getField(b, "sort-key")];
  if (keyA === undefined || keyB === undefined) return Number(keyA === undefined) - Number(keyB === undefined);
  return (
    compareBytes(keyA, keyB) ||
    compareBytes(getField(a, "machine-id") ?? "", getField(b, "machine-id") ?? "") ||
    compareVersions(getField(b, "version") ?? "", getField(a, "version") ?? "")
  );
}
