/**
 * The beginning of a frame: what arrived of it before a pull was cut off. It is written as it comes, and cannot be checked
 * before the frame is whole.
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
  /** Keeps bytes of the frame that is not whole yet. */
  keep(frame: PackFrame, bytes: Uint8Array): void;
  /** Forgets a frame that is dealt with. */
  drop(frame: PackFrame): void;
  /** Forgets what was taken, which was no use. */
  forget(): void;
  /** Nothing more will be kept now. */
  close(): void;
}

const MODE = 0o600;

/** The name in `incoming/` of what is kept of a frame of the pack at `pack`, `packs/<name>.pack`. */
export function restName(pack: string, { offset }: PackFrame): string {
  return `${pack.slice("packs/".length, -".pack".length)}-${offset}.rest`;
}

/** What is kept in `incoming/` of the pack at `pack`. */
export function frameRests({ path, disk }: Repo, pack: string): FrameRests {
  const fileOf = (frame: PackFrame): string => join(path, "incoming", restName(pack, frame));
  let open: DurableFile | undefined;
  let taken: string | undefined;
  const close = (): void => {
    open?.close();
    open = undefined;
  };
  return {
    take(frame) {
      const size = statIfExists(AT_FDCWD, fileOf(frame))?.size ?? 0;
      if (size === 0 || size >= frame.stored) return Buffer.alloc(0);
      taken = fileOf(frame);
      open = disk.append(fileOf(frame), size);
      return readFile(fileOf(frame), size);
    },
    taken: () => taken !== undefined,
    keep(frame, bytes) {
      if (open === undefined) {
        disk.removeTree(fileOf(frame));
        open = disk.create(fileOf(frame), MODE);
      }
      open.write(bytes);
    },
    drop(frame) {
      if (open === undefined) return;
      close();
      disk.unlink(fileOf(frame));
    },
    forget() {
      close();
      if (taken !== undefined) disk.removeTree(taken);
      taken = undefined;
    },
    close,
  };
}
