/**
 * File names of boot entries, and the boot counter in them: `NAME.conf`, `NAME+LEFT.conf`, `NAME+LEFT-DONE.conf`.
 *
 * At each attempt the loader renames the file: LEFT goes down, DONE goes up. At LEFT 0 the entry is bad and sorts last;
 * after a successful boot user space removes the counter.
 * Spec: https://uapi-group.org/specifications/specs/boot_loader_specification/#boot-counting
 */
import { AtomicError } from "../errors.ts";

export interface BootCounter {
  /** Attempts left. */
  left: number;
  /** Attempts made. */
  done: number;
  /** Digits LEFT is written with. */
  leftWidth: number;
  /** Digits DONE is written with; 0 when the name has no DONE. */
  doneWidth: number;
}

export interface EntryName {
  /** The name without counter and `.conf`; what loaders call the entry's id. */
  stem: string;
  counter?: BootCounter;
}

/** The limit of the specification, and of FAT and ext4. */
const MAX_NAME = 255;
/** More attempts than this make no sense and would widen the counter to three digits. */
const MAX_TRIES = 99;
const SUFFIX = ".conf";
const COUNTED = /^(.+)\+([0-9]{1,9})(?:-([0-9]{1,9}))?$/;

/** Reads a file name of `loader/entries`. @throws AtomicError invalid unless it is one a loader would look at */
export function parseEntryName(fileName: string): EntryName {
  const stem = fileName.slice(0, -SUFFIX.length);
  if (!fileName.endsWith(SUFFIX) || stem === "" || stem.startsWith("."))
    throw invalidName(fileName, `expected NAME${SUFFIX}`);
  if (fileName.length > MAX_NAME) throw invalidName(fileName.slice(0, 40) + "…", `longer than ${MAX_NAME} characters`);
  if (!/^[A-Za-z0-9+\-_.]*$/.test(fileName)) throw invalidName(fileName, "expected letters, digits and + - _ . only");

  const [, counted, left, done] = COUNTED.exec(stem) ?? [];
  if (counted === undefined || left === undefined) return { stem };
  const counter = {
    left: Number(left),
    done: Number(done ?? 0),
    leftWidth: left.length,
    doneWidth: done?.length ?? 0,
  };
  return { stem: counted, counter };
}

/** The file name; the exact inverse of `parseEntryName`. @throws AtomicError invalid when it would not read back */
export function formatEntryName({ stem, counter }: EntryName): string {
  const fileName = stem + (counter === undefined ? "" : formatCounter(counter)) + SUFFIX;
  if (parseEntryName(fileName).stem !== stem) throw invalidName(fileName, `'${stem}' ends like a boot counter`);
  return fileName;
}

/**
 * The counter of an entry that has `tries` attempts and has used none.
 * DONE is written from the start, as wide as LEFT, so that the loader's renames never change the name's length:
 * on FAT a name of equal length is replaced in place.
 * @throws AtomicError invalid unless `tries` is between 1 and 99
 */
export function newCounter(tries: number): BootCounter {
  if (!Number.isInteger(tries) || tries < 1 || tries > MAX_TRIES) {
    throw new AtomicError("invalid", `counting boot attempts: expected 1 to ${MAX_TRIES}, found ${tries}`);
  }
  const width = String(tries).length;
  return { left: tries, done: 0, leftWidth: width, doneWidth: width };
}

/** The name of an entry known to boot: without a counter. */
export function blessed(name: EntryName): EntryName {
  return { stem: name.stem };
}

/** True when every attempt to boot the entry has failed. */
export function isBad(name: EntryName): boolean {
  return name.counter?.left === 0;
}

function formatCounter({ left, done, leftWidth, doneWidth }: BootCounter): string {
  const digits = (value: number, width: number): string => String(value).padStart(width, "0");
  return `+${digits(left, leftWidth)}${doneWidth === 0 ? "" : `-${digits(done, doneWidth)}`}`;
}

function invalidName(fileName: string, reason: string): AtomicError {
  return new AtomicError("invalid", `reading boot entry name ${JSON.stringify(fileName)}: ${reason}`);
}
