/** Carrying out one request: frames come in, checked objects go to `incoming/`. */
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import { checksumOf } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import type { Repo } from "../repo.ts";
import { type FrameRests, frameRests } from "./frame-rest.ts";
import type { Incoming } from "./incoming.ts";
import type { PackFrame } from "./pack-index.ts";
import type { PullJob, PullPiece } from "./pull-jobs.ts";
import type { Source } from "./published-source.ts";

const decompress = promisify(zstdDecompress);

export interface JobContext {
  repo: Repo;
  source: Source;
  /** The pack, as the source knows it. */
  path: string;
  incoming: Incoming;
  /** Called with the bytes of each frame once it is dealt with; may end the job by throwing. */
  arrived(bytes: number): void;
}

type Fetching = JobContext & { rests: FrameRests };

/** Fetches what a job wants. @throws AtomicError network, not-found, invalid, corrupt, no-space */
export async function runJob(job: PullJob, context: JobContext): Promise<void> {
  const rests = frameRests(context.repo, context.path);
  try {
    await fetchPieces(job, { ...context, rests });
  } catch (error) {
    if (!rests.taken() || !isAtomicError(error) || !["corrupt", "invalid"].includes(error.code)) throw error;
    // A power cut may have taken bytes of what was kept.
    rests.forget();
    await fetchPieces(job, { ...context, rests });
  } finally {
    rests.close();
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
      context.incoming.add(checksum, type, [raw.subarray(start - frame.start, start - frame.start + size)]);
    }
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
    }
  } catch (error) {
    part.abandon();
    throw error;
  }
  part.finish();
}

/** Frames that follow one another, one after the other, as they are stored. @throws AtomicError invalid when they end early */
async function* storedFrames(
  { source, path, arrived, rests }: Fetching,
  frames: readonly PackFrame[],
): AsyncGenerator<Uint8Array> {
  const [first, last] = [frames[0], frames.at(-1)];
  if (first === undefined || last === undefined) return;
  let next = 0;
  const had = rests.take(first);
  let chunks: Uint8Array[] = had.length === 0 ? [] : [had];
  let filled = had.length;
  const offset = first.offset + filled;
  const range = { offset, length: last.offset + last.stored - offset };
  for await (let chunk of source.stream(path, range)) {
    for (
      let frame = frames[next];
      frame !== undefined && filled + chunk.length >= frame.stored;
      frame = frames[++next]
    ) {
      const rest = frame.stored - filled;
      const whole = chunks.length === 0 ? chunk.subarray(0, rest) : Buffer.concat([...chunks, chunk.subarray(0, rest)]);
      [chunks, filled] = [[], 0];
      chunk = chunk.subarray(rest);
      yield whole;
      rests.drop(frame);
      arrived(frame.stored);
    }
    const unfinished = frames[next];
    if (chunk.length === 0 || unfinished === undefined) continue;
    rests.keep(unfinished, chunk);
    chunks.push(chunk);
    filled += chunk.length;
  }
  if (next < frames.length) throw new AtomicError("invalid", `reading ${path}: it ends before its index says`);
}

async function unpack(context: JobContext, frame: PackFrame, bytes: Uint8Array): Promise<Buffer> {
  let raw: Buffer;
  try {
    raw = await decompress(bytes, { maxOutputLength: frame.size });
  } catch (cause) {
    throw damaged(context, frame, cause);
  }
  if (raw.length !== frame.size) throw damaged(context, frame);
  return raw;
}

function damaged({ path }: JobContext, { offset }: PackFrame, cause?: unknown): AtomicError {
  return new AtomicError("corrupt", `reading ${path}: the frame at byte ${offset} is damaged`, { cause });
}
