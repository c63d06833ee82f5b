/** Carrying out one request: frames come in, checked objects go to `incoming/`. */
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { checksumOf } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { releaseBytes } from "../../release-bytes.ts";
import type { Repo } from "../repo.ts";
import { type FrameRests, frameRests } from "./frame-rest.ts";
import type { Incoming } from "./incoming.ts";
import type { PackFrame } from "./pack-index.ts";
import type { PullJob, PullPiece } from "./pull-jobs.ts";
import type { Source } from "./published-source.ts";

const decompress = promisify(zstdDecompress);
/** The least `chunkSize` that node:zlib accepts. */
const MIN_CHUNK = 64;

export interface JobContext {
  repo: Repo;
  source: Source;
  /** The pack, as the source knows it. */
  path: string;
  incoming: Incoming;
  /** Called with the bytes of each frame once it is dealt with; may end the job by throwing. */
  arrived(bytes: number): void;
}

/** `buffer` has room for any of the job's frames as it is stored. */
type Fetching = JobContext & { rests: FrameRests; buffer: Buffer };

/** Fetches what a job wants. @throws AtomicError network, not-found, invalid, corrupt, no-space */
export async function runJob(job: PullJob, context: JobContext): Promise<void> {
  const rests = frameRests(context.repo, context.path);
  const frames = job.pieces.flatMap((piece) => piece.frames);
  const buffer = Buffer.allocUnsafe(frames.reduce((most, { stored }) => Math.max(most, stored), 0));
  const fetching = { ...context, rests, buffer };
  try {
    await fetchPieces(job, fetching);
  } catch (error) {
    if (!rests.taken() || !isAtomicError(error) || !["corrupt", "invalid"].includes(error.code)) throw error;
    // A power cut may have taken bytes of what was kept.
    rests.forget();
    await fetchPieces(job, fetching);
  } finally {
    rests.close();
    releaseBytes(buffer);
  }
}

async function fetchPieces(job: PullJob, context: Fetching): Promise<void> {
  const [first] = job.pieces;
  if (first !== undefined && first.frames.length > 1) await fetchLarge(first, context);
  else await fetchSmall(job, context);
}

async function fetchSmall({ pieces }: PullJob, context: Fetching): Promise<void> {
  const frames = pieces.flatMap((piece) => piece.frames.map((frame) => ({ frame, objects: piece.objects })));
  let next = 0;
  for await (const bytes of storedFrames(
    context,
    frames.map(({ frame }) => frame),
  )) {
    const { frame, objects } = frames[next++]!;
    if (objects.length === 0) continue;
    const raw = await unpack(context, frame, bytes);
    for (const { checksum, type, start, size } of objects) {
      context.incoming.addWhole(checksum, type, raw.subarray(start - frame.start, start - frame.start + size));
    }
    releaseBytes(raw);
  }
}

/** A large object; what an earlier pull brought of it is not fetched again. */
async function fetchLarge({ frames, objects: [object] }: PullPiece, context: Fetching): Promise<void> {
  const part = context.incoming.begin(object!, frames);
  try {
    const missing = frames.slice(part.frames);
    let next = 0;
    for await (const bytes of storedFrames(context, missing)) {
      const frame = missing[next++]!;
      const raw = await unpack(context, frame, bytes);
      // What stays after an interruption has been checked.
      if (checksumOf(raw) !== frame.checksum) throw damaged(context, frame);
      part.write(raw);
      releaseBytes(raw);
    }
  } catch (error) {
    part.abandon();
    throw error;
  }
  part.finish();
}

/**
 * Frames that follow one another, as they are stored; each is only valid until the next one is asked for.
 * @throws AtomicError invalid when they end early
 */
async function* storedFrames(
  { source, path, arrived, rests, buffer }: Fetching,
  frames: readonly PackFrame[],
): AsyncGenerator<Uint8Array> {
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) return;
  let next = 0;
  const had = rests.take(first);
  buffer.set(had);
  let filled = had.length;
  const offset = first.offset + filled;
  const range = { offset, length: last.offset + last.stored - offset };
  for await (const chunk of source.stream(path, range)) {
    let at = 0;
    for (let frame = frames[next]; frame !== undefined; frame = frames[++next]) {
      const end = at + frame.stored - filled;
      if (end > chunk.length) break;
      if (filled > 0) buffer.set(chunk.subarray(at, end), filled);
      yield filled > 0 ? buffer.subarray(0, frame.stored) : chunk.subarray(at, end);
      [at, filled] = [end, 0];
      rests.drop(frame);
      arrived(frame.stored);
    }
    const unfinished = frames[next];
    if (at < chunk.length && unfinished !== undefined) {
      buffer.set(chunk.subarray(at), filled);
      filled += chunk.length - at;
      rests.keep(unfinished, buffer.subarray(0, filled));
    }
    releaseBytes(chunk);
  }
  if (next < frames.length) throw new AtomicError("invalid", `reading ${path}: it ends before its index says`);
}

async function unpack(context: JobContext, frame: PackFrame, bytes: Uint8Array): Promise<Buffer> {
  let raw: Buffer;
  try {
    // In one piece: by default it comes in 16 KiB, with a way through the event loop for each.
    raw = await decompress(bytes, { maxOutputLength: frame.size, chunkSize: Math.max(frame.size, MIN_CHUNK) });
  } catch (cause) {
    throw damaged(context, frame, cause);
  }
  if (raw.length !== frame.size) throw damaged(context, frame);
  return raw;
}

function damaged({ path }: JobContext, { offset }: PackFrame, cause?: unknown): AtomicError {
  return new AtomicError("corrupt", `reading ${path}: the frame at byte ${offset} is damaged`, { cause });
}
