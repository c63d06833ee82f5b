/**
 * A disk's writes in order, as QEMU's `blklogwrites` records them: the format of Linux's dm-log-writes target.
 * Spec: https://docs.kernel.org/admin-guide/device-mapper/log-writes.html
 */
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";
import type { Disk } from "./disk.ts";

export interface LoggedWrite {
  kind: "write" | "discard" | "flush";
  /** Where on the disk, in bytes. */
  offset: number;
  length: number;
  /** Where its bytes are in the log. */
  data: number;
}

/** What goes before `-device`: the disk as `root`, all that is written to it recorded in the file `log`. */
export function recordedDrive({ path }: Disk, log: string): string[] {
  return [
    ...["-blockdev", `driver=file,node-name=file,filename=${path},cache.no-flush=on`],
    ...["-blockdev", `driver=file,node-name=log,filename=${log},cache.no-flush=on`],
    ...["-blockdev", `driver=blklogwrites,node-name=root,file=file,log=log,log-sector-size=${SECTOR}`],
  ];
}

const SECTOR = 512;
const MAGIC = 0x6a736677736872n;
const FLAGS = { flush: 1n, discard: 4n };
const ENTRY_BYTES = 32;

/** Reads a log that ended anywhere. @throws Error when it is none */
export function readWriteLog(log: string): LoggedWrite[] {
  const file = openSync(log, "r");
  try {
    const head = readAt(file, 0, SECTOR);
    if (head.readBigUInt64LE(0) !== MAGIC) throw new Error(`${log} is no log of writes`);
    const writes: LoggedWrite[] = [];
    const { size } = statSync(log);
    for (let at = SECTOR; at + SECTOR <= size;) {
      const entry = readAt(file, at, ENTRY_BYTES);
      const [sector, sectors, flags] = [0, 8, 16].map((offset) => entry.readBigUInt64LE(offset)) as [
        bigint,
        bigint,
        bigint,
      ];
      const length = Number(sectors) * SECTOR;
      const place = { offset: Number(sector) * SECTOR, length, data: at + SECTOR };
      const isDiscard = (flags & FLAGS.discard) !== 0n;
      if (length > 0) writes.push({ kind: isDiscard ? "discard" : "write", ...place });
      if ((flags & FLAGS.flush) !== 0n) writes.push({ kind: "flush", offset: 0, length: 0, data: 0 });
      if (length === 0 && flags === 0n) break; // the end, where nothing has been written yet
      at += SECTOR + (isDiscard ? 0 : length);
    }
    return writes;
  } finally {
    closeSync(file);
  }
}

/** Makes writes of a log again, on the disk image at `path`. What was discarded stays: a disk may keep it. */
export function replayWrites(log: string, writes: Iterable<LoggedWrite>, path: string): void {
  const [from, to] = [openSync(log, "r"), openSync(path, "r+")];
  try {
    for (const { kind, offset, length, data } of writes) {
      if (kind === "write") writeSync(to, readAt(from, data, length), 0, length, offset);
    }
  } finally {
    closeSync(from);
    closeSync(to);
  }
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, offset) !== length) throw new Error("a log of writes ends in the middle of one");
  return bytes;
}
