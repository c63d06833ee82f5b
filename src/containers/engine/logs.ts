/** What a container in the background printed: frames of time, stream and bytes. docs/formats.md, "containers of images". */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LOG_FILE, OLD_LOG_FILE } from "../launch/files.ts";

export interface LogFrame {
  /** Milliseconds since the epoch. */
  time: number;
  stream: "stdout" | "stderr";
  bytes: Buffer;
}

const HEADER = 32;
const MAX_FRAME = 16 * 1024;

/** All frames, oldest first. One that is not finished yet is left out. @param directory the state directory */
export function readLog(directory: string): LogFrame[] {
  return [OLD_LOG_FILE, LOG_FILE].flatMap((name) => parseFrames(contents(join(directory, name))));
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

function contents(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}
