/** What a container in the background printed: frames of time, stream and bytes. docs/formats.md, "containers of images". */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LOG_FILE, OLD_LOG_FILE } from "../launch/files.ts";

export interface LogFrame {
  /** Milliseconds since the epoch. */
  time: number;
  stream: "stdout" | "stderr";
  bytes: Buffer;
}

const HEADER = 32;
const MAX_FRAME = 16 * 1024;
const POLL_MS = 100;

/** All frames, oldest first. One that is not finished yet is left out. @param directory the container's */
export function readLog(directory: string): LogFrame[] {
  const reader = logReader(directory);
  try {
    return reader.next();
  } finally {
    reader.close();
  }
}

/** All frames there are, then those that come, until `isOver` and there are no more. */
export async function* followLog(directory: string, isOver: () => boolean): AsyncGenerator<LogFrame[]> {
  const reader = logReader(directory);
  try {
    for (;;) {
      const over = isOver(); // asked before reading: what it printed last is read then
      yield reader.next();
      if (over) return;
      await sleep(POLL_MS);
    }
  } finally {
    reader.close();
  }
}

/** Reads on where it was, also when the log was put aside meanwhile. */
function logReader(directory: string): { next(): LogFrame[]; close(): void } {
  const [current, old] = [join(directory, LOG_FILE), join(directory, OLD_LOG_FILE)];
  let fd = openIfThere(old);
  let rest = Buffer.alloc(0);
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const next = (): LogFrame[] => {
    const frames: LogFrame[] = [];
    for (;;) {
      fd ??= openIfThere(current);
      if (fd === undefined) return frames;
      // What it is now: a file that was put aside grows no more once another has its name.
      const isLast = statSync(current, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
      rest = Buffer.concat([rest, readToEnd(fd)]);
      const more = parseFrames(rest);
      rest = rest.subarray(more.reduce((sum, { bytes }) => sum + HEADER + bytes.length, 0));
      frames.push(...more);
      if (isLast) return frames;
      close();
      rest = Buffer.alloc(0);
      if (statSync(current, { throwIfNoEntry: false }) === undefined) return frames;
    }
  };
  return { next, close };
}

/** Frames: seconds, nanoseconds, stream and length as 64-bit numbers, then the bytes. Stops where they make no sense. */
export function parseFrames(log: Buffer): LogFrame[] {
  const frames: LogFrame[] = [];
  let at = 0;
  while (at + HEADER <= log.length) {
    const [seconds, nanoseconds, stream, length] = [0, 8, 16, 24].map((offset) =>
      Number(log.readBigUInt64LE(at + offset)),
    ) as [number, number, number, number];
    const end = at + HEADER + length;
    if (length > MAX_FRAME || end > log.length || (stream !== 1 && stream !== 2)) break;
    frames.push({
      time: seconds * 1000 + Math.floor(nanoseconds / 1e6),
      stream: stream === 1 ? "stdout" : "stderr",
      bytes: log.subarray(at + HEADER, end),
    });
    at = end;
  }
  return frames;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function readToEnd(fd: number): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.alloc(1 << 16);
    const count = readSync(fd, chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
  }
}
