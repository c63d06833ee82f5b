/**
 * Unpacking a layer's blob: one thread reads, checks and decompresses it, one makes its diffID, and the calling one
 * takes the bytes. SHA-256 is what an import spends most of its time on (docs/decisions/0024-layer-import.md).
 */
import { createHash, type Hash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { isBuilt } from "../../native.ts";
import { type Digest, digestOfHash } from "../digest.ts";
import { type BlobFile, readBlob } from "./blob-file.ts";
import { decompress } from "./decompress.ts";
import { createRing, drainRing, leaveRing, type Ring } from "./ring.ts";

export interface UnpackRequest {
  blob: BlobFile;
  /** The layer, for messages. */
  what: string;
  /** Whether the blob's own digest is to be made as well. */
  wantsDigest: boolean;
}
/** The digests of a blob, where it was wanted, and of what is in it. */
export interface UnpackResult {
  digest?: Digest;
  diffId: Digest;
}
/** What a helper thread is started with. */
export type HelperJob = { ring: Ring; result: Uint8Array } & (
  ({ role: "unpack" } & UnpackRequest) | { role: "hash"; consumer: number; done: Int32Array }
);

/** Below this many bytes starting threads costs more than it saves. */
const WORTH_THREADS = 2 * 1024 * 1024;
const MAIN = 0;
const HASHER = 1;

/**
 * Calls `consume` with the uncompressed bytes, piece by piece; a piece is only valid during the call.
 * @throws AtomicError invalid, corrupt, unsupported; whatever `consume` throws
 */
export async function unpack(request: UnpackRequest, consume: (chunk: Uint8Array) => void): Promise<UnpackResult> {
  return request.blob.size < WORTH_THREADS ? unpackHere(request, consume) : unpackInThreads(request, consume);
}

async function unpackHere(request: UnpackRequest, consume: (chunk: Uint8Array) => void): Promise<UnpackResult> {
  const digest = createHash("sha256");
  const diffId = createHash("sha256");
  for await (const chunk of unpacked(request, digest)) {
    diffId.update(chunk);
    consume(chunk);
  }
  return { ...(request.wantsDigest ? { digest: digestOfHash(digest) } : {}), diffId: digestOfHash(diffId) };
}

/** The uncompressed bytes; the blob's own are hashed on their way where its digest is wanted. */
export function unpacked({ blob, what, wantsDigest }: UnpackRequest, hash: Hash): AsyncGenerator<Uint8Array> {
  const chunks = readBlob(blob);
  return decompress(wantsDigest ? hashing(chunks, hash) : chunks, { size: blob.size, what });
}

function* hashing(chunks: Iterable<Uint8Array>, hash: Hash): Generator<Uint8Array> {
  for (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function unpackInThreads(request: UnpackRequest, consume: (chunk: Uint8Array) => void): UnpackResult {
  const ring = createRing(2);
  const digest = new Uint8Array(new SharedArrayBuffer(32));
  const diffId = new Uint8Array(new SharedArrayBuffer(32));
  const done = new Int32Array(new SharedArrayBuffer(4));
  start({ role: "unpack", ring, result: digest, ...request });
  start({ role: "hash", ring, result: diffId, consumer: HASHER, done });
  try {
    for (const chunk of drainRing(ring, MAIN)) consume(chunk);
  } finally {
    // After an error here the others read to the end and stop by themselves.
    leaveRing(ring, MAIN);
  }
  Atomics.wait(done, 0, 0);
  return { ...(request.wantsDigest ? { digest: asDigest(digest) } : {}), diffId: asDigest(diffId) };
}

function start(job: HelperJob): void {
  const url = new URL(isBuilt() ? "./oci/layer/unpack-worker.js" : "./unpack-worker.ts", import.meta.url);
  new Worker(url, { workerData: job }).unref();
}

function asDigest(bytes: Uint8Array): Digest {
  return `sha256:${Buffer.from(bytes).toString("hex")}` as Digest;
}
