/** What containers that are units printed, as the journal keeps it. Spec: journalctl(1), systemd.journal-fields(7) */
import { setTimeout as sleep } from "node:timers/promises";
import { AtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import type { LogFrame } from "./logs.ts";
import type { NamedContainer } from "./record.ts";
import { unitName } from "./unit.ts";

/** Entries shown at most, the newest. */
const MAX_ENTRIES = 100_000;
const MAX_OUTPUT = 256 << 20;
const POLL_MS = 500;

interface Entries {
  frames: LogFrame[];
  /** Where the journal was read to. */
  cursor?: string;
}

/** All there is of a container, oldest first. @throws AtomicError not-found without systemd, child-failed */
export function readJournal(container: NamedContainer): LogFrame[] {
  return entriesOf(container).frames;
}

/** All there is, then what comes, until `isOver` and there is no more. @throws AtomicError as `readJournal` */
export async function* followJournal(container: NamedContainer, isOver: () => boolean): AsyncGenerator<LogFrame[]> {
  for (let cursor: string | undefined; ;) {
    const over = isOver(); // asked before reading: what it printed last is read then
    const entries = entriesOf(container, cursor);
    cursor = entries.cursor ?? cursor;
    yield entries.frames;
    if (over) return;
    await sleep(POLL_MS);
  }
}

function entriesOf(container: NamedContainer, after?: string): Entries {
  const where = after === undefined ? `--since=@${container.created}` : `--after-cursor=${after}`;
  const fields = ["--output=json", "--output-fields=MESSAGE", `--lines=${MAX_ENTRIES}`];
  const matches = [`_SYSTEMD_UNIT=${unitName(container)}`, "_TRANSPORT=stdout"];
  const argv = ["journalctl", "--quiet", "--all", ...fields, where, ...matches];
  return parseJournal(run(argv, { package: "systemd", maxOutput: MAX_OUTPUT }).stdout.toString("utf8"));
}

/**
 * Entries, one JSON object a line. The journal does not keep which of both streams a line was printed to.
 * @throws AtomicError corrupt
 */
export function parseJournal(text: string): Entries {
  const entries: Entries = { frames: [] };
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const { MESSAGE: message, __REALTIME_TIMESTAMP: microseconds, __CURSOR: cursor } = parsed(line);
    if (typeof cursor === "string") entries.cursor = cursor;
    const bytes = bytesOf(message);
    if (bytes === undefined) continue;
    const time = Math.floor(Number(microseconds) / 1000);
    entries.frames.push({ time, stream: "stdout", bytes: Buffer.concat([bytes, Buffer.from("\n")]) });
  }
  return entries;
}

function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch (cause) {
    throw new AtomicError("corrupt", "reading the journal: an entry is no JSON", {
      cause,
      hint: "journalctl --verify",
    });
  }
}

/** Text, or numbers where it is not UTF-8. */
function bytesOf(message: unknown): Buffer | undefined {
  if (typeof message === "string") return Buffer.from(message);
  return Array.isArray(message) ? Buffer.from(message as number[]) : undefined;
}
