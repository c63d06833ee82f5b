/** Logs of containers as text: bytes as they were printed, lines with their time. */
import type { LogFrame } from "../../containers/index.ts";
import { AtomicError } from "../../errors.ts";

const NEWLINE = 0x0a;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** @returns what makes text of frames; it remembers in which stream a line is not finished */
export function logText(timestamps: boolean): (frames: readonly LogFrame[]) => Buffer {
  const inLine = { stdout: false, stderr: false };
  return (frames) =>
    Buffer.concat(
      frames.flatMap(({ time, stream, bytes }) => {
        if (!timestamps) return [bytes];
        return linesOf(bytes).flatMap((line) => {
          const begins = !inLine[stream];
          inLine[stream] = line.at(-1) !== NEWLINE;
          return begins ? [Buffer.from(`${new Date(time).toISOString()} `), line] : [line];
        });
      }),
    );
}

/** The last lines, each with its end; a line that is not finished counts. */
export function lastLines(text: Buffer, count: number): Buffer {
  const lines = linesOf(text);
  return Buffer.concat(lines.slice(Math.max(0, lines.length - count)));
}

/** Milliseconds since the epoch of `10m` ago, seconds since the epoch, or what Date reads. @throws AtomicError usage */
export function parseSince(text: string, now: number): number {
  const [, amount, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) return now - Number(amount) * UNITS[unit!]! * 1000;
  const time = /^\d{1,12}(?:[.]\d{1,9})?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new AtomicError(
    "usage",
    `reading --since: expected 10m, 2h or a point in time, found ${JSON.stringify(text)}`,
    {
      hint: "atomic logs --since 2026-03-01T12:00:00Z NAME",
    },
  );
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, at);
    const next = end === -1 ? bytes.length : end + 1;
    lines.push(bytes.subarray(at, next));
    at = next;
  }
  return lines;
}
