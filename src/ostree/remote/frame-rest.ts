/**
 * The beginning of a frame: what arrived of it before a pull was cut off. It cannot be checked before the frame is whole.
 * It is written a moment after it came: on a fast network the frame is whole by then, and nothing is written twice.
 */
import { join } from "node:path";
import type { DurableFile } from "../../durable-types.ts";
import { AT_FDCWD, readFile, statIfExists } from "../../linux/index.ts";
import type { Repo } from "../repo.ts";
import type { PackFrame } from "./pack-index.ts";

/** One frame after the other of a pack. */
export interface FrameRests {
  /** What is here of a frame; empty when nothing is. */
  take(frame: PackFrame): Buffer;
  /** True once something was taken. */
  taken(): boolean;
  /**
   * Keeps what has arrived of the frame that is not whole yet, from its start on.
   * @throws AtomicError no-space, perhaps for bytes kept before
   */
  keep(frame: PackFrame, arrived: Uint8Array): void;
  /** Forgets a frame that is dealt with. */
  drop(frame: PackFrame): void;
  /** Forgets what was taken, which was no use. */
  forget(): void;
  /** Writes what is still to be written; nothing more will be kept now. */
  close(): void;
}

const MODE = 0o600;
/** Milliseconds that bytes may wait in memory. */
const DELAY = 50;

/** The name in `incoming/` of what is kept of a frame of the pack at `pack`, `packs/<name>.pack`. */
export function restName(pack: string, { offset }: PackFrame): string {
  return `${pack.slice("packs/".length, -".pack".length)}-${offset}.rest`;
}

/** What is kept in `incoming/` of the pack at `pack`. */
export function frameRests({ path, disk }: Repo, pack: string): FrameRests {
  const fileOf = (frame: PackFrame): string => join(path, "incoming", restName(pack, frame));
  let open: DurableFile | undefined;
  let taken: string | undefined;
  /** Bytes of the open file. */
  let written = 0;
  let waiting: { frame: PackFrame; arrived: Uint8Array } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failure: Error | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting === undefined) return;
    const { frame, arrived } = waiting;
    waiting = undefined;
    if (open === undefined) {
      disk.removeTree(fileOf(frame));
      [open, written] = [disk.create(fileOf(frame), MODE), 0];
    }
    open.write(arrived.subarray(written));
    written = arrived.length;
  };
  const writeLate = (): void => {
    try {
      write();
    } catch (error) {
      failure = error as Error;
    }
  };
  const forgetWaiting = (): void => {
    clearTimeout(timer);
    [timer, waiting] = [undefined, undefined];
  };
  const closeFile = (): void => {
    open?.close();
    open = undefined;
  };
  return {
    take(frame) {
      const size = statIfExists(AT_FDCWD, fileOf(frame))?.size ?? 0;
      if (size === 0 || size >= frame.stored) return Buffer.alloc(0);
      taken = fileOf(frame);
      [open, written] = [disk.append(fileOf(frame), size), size];
      return readFile(fileOf(frame), size);
    },
    taken: () => taken !== undefined,
    keep(frame, arrived) {
      if (failure !== undefined) throw failure;
      waiting = { frame, arrived };
      if (disk.observed)
        write(); // in an order that a test can repeat
      else timer ??= setTimeout(writeLate, DELAY);
    },
    drop(frame) {
      forgetWaiting();
      if (open === undefined) return;
      closeFile();
      disk.unlink(fileOf(frame));
    },
    forget() {
      forgetWaiting();
      closeFile();
      if (taken !== undefined) disk.removeTree(taken);
      taken = undefined;
    },
    close() {
      try {
        write();
      } finally {
        closeFile();
      }
    },
  };
}
