/** Which bytes of a pack to ask for: pure arithmetic. */
import type { PackFrame, PackIndex, PackObject } from "./pack-index.ts";

/**
 * One request: frames that follow one another in a pack, with the objects wanted from each. A large object is a job of
 * its own.
 */
export interface PullJob {
  /** Where the first frame starts in the pack, and the bytes of all frames there. */
  offset: number;
  length: number;
  pieces: PullPiece[];
}
/** Objects within one frame, or one large object in frames of its own. Without objects it is read over. */
export interface PullPiece {
  frames: PackFrame[];
  objects: PackObject[];
}

/** Unwanted bytes between two frames that cost less than another request. */
const GAP = 128 * 1024;
/** Bytes of a request after which a new one begins, so that several connections share the work. */
const REQUEST = 4 * 1024 * 1024;

/**
 * The requests that bring the objects for which `isWanted` holds, in the order of the pack.
 * @param begins true for frames that must be the first of their request
 */
export function planJobs(
  { frames, objects }: PackIndex,
  isWanted: (object: PackObject) => boolean,
  begins: (frame: PackFrame) => boolean = () => false,
): PullJob[] {
  const jobs: PullJob[] = [];
  for (const piece of cutPieces(frames, objects)) {
    const objects = piece.objects.filter(isWanted);
    if (objects.length === 0) continue;
    const offset = piece.frames[0]!.offset;
    const last = piece.frames.at(-1)!;
    const end = last.offset + last.stored;
    const job = jobs.at(-1);
    const at = job === undefined ? 0 : job.offset + job.length;
    const alone = piece.frames.length > 1 || (job?.pieces[0]?.frames.length ?? 0) > 1;
    const isFar = offset - at > GAP || begins(piece.frames[0]!);
    if (job === undefined || alone || isFar || job.length >= REQUEST) {
      jobs.push({ offset, length: end - offset, pieces: [{ ...piece, objects }] });
    } else {
      const skipped = frames.filter((frame) => frame.offset >= at && frame.offset < offset);
      if (skipped.length > 0) job.pieces.push({ frames: skipped, objects: [] });
      job.pieces.push({ ...piece, objects });
      job.length = end - job.offset;
    }
  }
  return jobs;
}

function* cutPieces(frames: readonly PackFrame[], objects: readonly PackObject[]): Generator<PullPiece> {
  let next = 0;
  for (let at = 0; at < frames.length;) {
    const end = frames[at]!.start + frames[at]!.size;
    const inside: PackObject[] = [];
    while (next < objects.length && objects[next]!.start < end) inside.push(objects[next++]!);
    const last = inside.at(-1)!;
    let after = at + 1;
    while (after < frames.length && frames[after]!.start < last.start + last.size) after++;
    yield { frames: frames.slice(at, after), objects: inside };
    at = after;
  }
}
