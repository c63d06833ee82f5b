/** Reading a `.filez`, the form of a content object in an archive repository: a header, then raw DEFLATE. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createInflateRaw, inflateRawSync } from "node:zlib";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { FRAME, headerLength, parseArchiveHeader } from "./file-header.ts";
import type { OstreeFile } from "./source.ts";

/** Compressed files up to this size are taken whole; larger ones are streamed. Bytes. */
const WHOLE = 1024 * 1024;
/** Content up to this size is inflated at once. Bytes. */
const AT_ONCE = 16 * 1024 * 1024;
/** The pieces in which streamed content comes. Bytes. */
const PIECE = 256 * 1024;

/**
 * The file that `chunks` are; `what` names it in messages.
 * @throws AtomicError invalid; the content throws corrupt when it cannot be inflated or is longer than the header says
 */
export async function readArchiveFile(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  what: string,
): Promise<OstreeFile> {
  const rest = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  const { start, ended } = await takeStart(rest);
  try {
    return fileOf(start, ended ? undefined : rest, what);
  } catch (error) {
    await rest.return?.();
    throw error;
  }
}

/** @param rest what follows `start` */
function fileOf(start: Buffer, rest: Pieces | undefined, what: string): OstreeFile {
  const { header, size, length } = headerOf(start, what);
  const compressed = start.subarray(FRAME + length);
  if (header.kind === "symlink") {
    if (rest !== undefined) throw new AtomicError("invalid", `reading ${what}: a symlink with content`);
    return { header, size, content: [] };
  }
  if (rest === undefined && size <= AT_ONCE) return { header, size, content: inflated(compressed, size, what) };
  return { header, size, content: inflating(joined(compressed, rest), size, what) };
}

/** The header at the start of a file, its size in bytes with it. @throws AtomicError invalid, naming the file */
function headerOf(start: Buffer, what: string): ReturnType<typeof parseArchiveHeader> & { length: number } {
  try {
    const length = headerLength(start);
    if (start.length < FRAME + length) throw new AtomicError("invalid", "it is cut off");
    return { ...parseArchiveHeader(start.subarray(FRAME, FRAME + length)), length };
  } catch (cause) {
    if (!isAtomicError(cause, "invalid")) throw cause;
    throw new AtomicError("invalid", `reading ${what}: ${cause.message}`, { cause });
  }
}

type Pieces = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

/** The first `WHOLE` bytes or a little more. */
async function takeStart(chunks: Pieces): Promise<{ start: Buffer; ended: boolean }> {
  const parts: Uint8Array[] = [];
  for (let length = 0; length < WHOLE; length += parts.at(-1)!.length) {
    const next = await chunks.next();
    if (next.done === true) return { start: joinedParts(parts), ended: true };
    parts.push(next.value);
  }
  return { start: joinedParts(parts), ended: false };
}

/** Most files come in one piece, which need not be copied. */
function joinedParts(parts: readonly Uint8Array[]): Buffer {
  const [first = new Uint8Array(0)] = parts;
  return parts.length > 1 ? Buffer.concat(parts) : Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

function* inflated(compressed: Buffer, size: number, what: string): Generator<Uint8Array> {
  try {
    // One byte more than announced tells content that is too long.
    yield inflateRawSync(compressed, { maxOutputLength: size + 1, finishFlush: constants.Z_FINISH });
  } catch (cause) {
    throw broken(what, cause);
  }
}

async function* joined(first: Buffer, rest: Pieces | undefined): AsyncGenerator<Uint8Array> {
  try {
    yield first;
    for (let next = await rest?.next(); next !== undefined && next.done !== true; next = await rest?.next())
      yield next.value;
  } finally {
    await rest?.return?.();
  }
}

async function* inflating(chunks: AsyncIterable<Uint8Array>, size: number, what: string): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: PIECE });
  let failure: unknown;
  const flow = pipeline(Readable.from(chunks, { objectMode: false }), inflate).catch((error: unknown) => {
    failure = error;
  });
  let length = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > size) throw broken(what);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof AtomicError) throw error;
    failure ??= error;
  } finally {
    inflate.destroy();
    await flow;
  }
  if (failure !== undefined) throw failure instanceof AtomicError ? failure : broken(what, failure);
}

function broken(what: string, cause?: unknown): AtomicError {
  return new AtomicError("corrupt", `reading ${what}: its content cannot be inflated to the size it announces`, {
    cause,
  });
}
