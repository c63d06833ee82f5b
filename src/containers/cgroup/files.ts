/**
 * Reading and writing the files of control groups. They are the kernel's, gone at the next boot: nothing here is durable,
 * so nothing goes through a `Durable`.
 */
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, writeSync } from "node:fs";
import { type ErrorCode, AtomicError } from "../../errors.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: "unsupported",
  EACCES: "permission",
  EPERM: "permission",
  EROFS: "read-only",
  EINVAL: "invalid",
  ERANGE: "invalid",
  EBUSY: "conflict",
  ENOSPC: "conflict",
  EOPNOTSUPP: "unsupported",
};

/** Makes a group; one that is there already stays. @returns whether it was made @throws AtomicError */
export function makeGroup(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw failed(`making the control group ${directory}`, error);
  }
}

/** Removes a group without groups below. @returns false while processes are in it @throws AtomicError */
export function removeGroup(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT") return true;
    if (errno === "EBUSY") return false;
    throw failed(`removing the control group ${directory}`, error);
  }
}

/** The groups directly below. */
export function groupsBelow(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => `${directory}/${entry.name}`);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw failed(`reading the control group ${directory}`, error);
  }
}

/** A file's text; undefined when the file or the group is not there. @throws AtomicError */
export function readGroupFile(directory: string, file: string): string | undefined {
  try {
    return readFileSync(`${directory}/${file}`, "utf8");
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENODEV" || errno === "EOPNOTSUPP") return undefined;
    throw failed(`reading ${directory}/${file}`, error);
  }
}

/** Writes a value, in one write as the kernel wants it. @throws AtomicError naming value and file */
export function writeGroupFile(directory: string, file: string, value: string): void {
  const path = `${directory}/${file}`;
  try {
    // Not created: what is not there is a limit this kernel does not have.
    const fd = openSync(path, "r+");
    try {
      writeSync(fd, value);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw failed(`writing ${JSON.stringify(value)} to ${path}`, error);
  }
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function failed(doing: string, error: unknown): AtomicError {
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  const reason = (error as Error).message.replace(/^\w+: /, "").replace(/, \w+( '.*')?$/, "");
  return new AtomicError(CODES[errno] ?? "io", `${doing}: ${reason} (${errno})`, { cause: error });
}
