/**
 * Our own boot entries: one per deployment, `loader/entries/atomic-ORDER-ID.conf`.
 *
 * ORDER is a number no other entry of ours has; the entry with the highest is the default. It is in the file name for
 * loaders that sort by name (GRUB) and in `version` for those that sort by the specification (systemd-boot).
 */
import { AtomicError, isAtomicError } from "../errors.ts";
import { createBlsEntry, formatBlsEntry, getField, getFields } from "./bls-entry.ts";
import type { BlsEntry, BlsField } from "./bls-entry.ts";
import type { BootCounter, EntryName } from "./entry-name.ts";
import { formatKargs, parseKargs } from "./kargs.ts";
import type { LoaderEntry } from "./sort.ts";

/** What a deployment wants the loader to show and start. Paths are relative to the boot directory. */
export interface BootEntry {
  /** Names the deployment: letters, digits, `.`, `_` and `-`. */
  id: string;
  title: string;
  linux: string;
  initrd: readonly string[];
  /** As `parseKargs` gives them. */
  kargs: readonly string[];
  /** Fields beside those above, as `x-note`. */
  extra?: readonly BlsField[];
  /** Boot attempts to count when the entry is new; without it attempts are not counted. */
  tries?: number;
}

/** An entry as it stands in the boot directory. */
export interface InstalledEntry extends Omit<BootEntry, "tries"> {
  order: number;
  /** Absent once the entry is known to boot, or when its attempts are not counted. */
  counter?: BootCounter;
}

/** All our files in `loader/entries` start with this. */
export const OWN_PREFIX = "atomic-";
export const MAX_ORDER = 999_999_999;
const MAX_ID = 200;
const OWN_STEM = /^atomic-([1-9][0-9]{0,8})-([A-Za-z0-9._-]+)$/;
const OWN_KEYS = ["title", "version", "sort-key", "linux", "initrd", "options"];

/**
 * The text of the file for `entry`.
 * @param prefix what loaders put before paths of the boot directory: "/boot" when it is part of the root filesystem,
 * "" when it is a partition of its own
 * @throws AtomicError invalid when a field cannot be written
 */
export function formatBootEntry(entry: BootEntry, order: number, prefix: string): string {
  const extra = entry.extra ?? [];
  const taken = extra.find(({ key }) => OWN_KEYS.includes(key));
  if (taken !== undefined)
    throw new AtomicError("invalid", `writing boot entry '${entry.id}': '${taken.key}' is not extra`);

  const options = formatKargs(entry.kargs);
  const fields: BlsField[] = [
    { key: "title", value: entry.title },
    { key: "version", value: String(order) },
    { key: "sort-key", value: "atomic" },
    { key: "linux", value: `${prefix}/${entry.linux}` },
    ...entry.initrd.map((path) => ({
      key: "initrd",
      value: `${prefix}/${path}`,
    })),
    ...(options === "" ? [] : [{ key: "options", value: options }]),
    ...extra,
  ];
  return formatBlsEntry(createBlsEntry(fields));
}

/** The name of an entry's file. @throws AtomicError invalid for an unusable id, or when the orders are used up */
export function bootEntryName(id: string, order: number, counter?: BootCounter): EntryName {
  const stem = `${OWN_PREFIX}${order}-${id}`;
  if (id.length > MAX_ID || OWN_STEM.exec(stem)?.[2] !== id) {
    throw new AtomicError("invalid", `naming boot entry ${JSON.stringify(id)} with order ${order}: not a usable name`);
  }
  return counter === undefined ? { stem } : { stem, counter };
}

/** Our entry behind a loader entry; undefined for those of others, and for one of ours that makes no sense. */
export function readBootEntry({ name, entry }: LoaderEntry, prefix: string): InstalledEntry | undefined {
  const [, order, id] = OWN_STEM.exec(name.stem) ?? [];
  const kargs = readKargs(entry);
  const linux = getField(entry, "linux");
  if (order === undefined || id === undefined || linux === undefined || kargs === undefined) return undefined;

  const relative = (path: string): string =>
    path.slice(path.startsWith(`${prefix}/`) ? prefix.length : 0).replace(/^\//, "");
  const fields = entry.lines.flatMap(({ field }) => field ?? []);
  return {
    id,
    order: Number(order),
    title: getField(entry, "title") ?? id,
    linux: relative(linux),
    initrd: getFields(entry, "initrd").map(relative),
    kargs,
    extra: fields.filter(({ key }) => !OWN_KEYS.includes(key)),
    ...(name.counter === undefined ? {} : { counter: name.counter }),
  };
}

function readKargs(entry: BlsEntry): string[] | undefined {
  try {
    return parseKargs(getFields(entry, "options").join(" "));
  } catch (error) {
    if (isAtomicError(error, "invalid")) return undefined;
    throw error;
  }
}
