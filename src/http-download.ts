/** Downloads that survive lost connections. */
import { setTimeout as sleep } from "node:timers/promises";
import { isAtomicError } from "./errors.ts";
import { type HttpClient, httpError, type HttpResponse } from "./http.ts";

export interface DownloadOptions {
  /** What this is for, such as `pulling from remote origin`. */
  doing: string;
  headers?: Readonly<Record<string, string>>;
  /** The first byte wanted; 0 if left out. */
  offset?: number;
  /** The most bytes wanted; with less than the rest of the file, exactly these are asked for. */
  length: number;
  /** How often in a row a connection may be lost without a byte in between; 4 if left out. */
  attempts?: number;
  /** Milliseconds before going on after a loss. */
  retryDelay?: number;
  /** Ends this with the signal's reason once a byte comes or the connection is lost. */
  signal?: AbortSignal;
}

const ATTEMPTS = 4;
const RETRY_DELAY_MS = 500;
/** Lost connections of one download: who sends a byte and hangs up must not keep it going for ever. */
const MAX_LOSSES = 100;

/**
 * The bytes of `url` from `offset` on. Where a connection breaks, the next one continues; what a server without ranges
 * sends again is skipped. The file may change in between: check what arrives.
 * @throws AtomicError network, not-found or permission (by the status), invalid (more bytes than `length`)
 */
export async function* download(client: HttpClient, url: string, options: DownloadOptions): AsyncGenerator<Uint8Array> {
  const { offset = 0, length, attempts = ATTEMPTS, retryDelay = RETRY_DELAY_MS, signal } = options;
  let [got, left] = [0, attempts];
  for (let losses = 1; ; losses++) {
    // The client repeats requests by itself: only a body that is lost is this loop's.
    const body = await bodyFrom(client, url, { ...options, offset: offset + got, length: length - got });
    try {
      for await (const chunk of body) {
        got += chunk.length;
        left = attempts;
        yield chunk;
        signal?.throwIfAborted();
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      left -= 1;
      if (left === 0 || losses === MAX_LOSSES || got === length || !isAtomicError(error, "network")) throw error;
      await sleep(retryDelay);
    }
  }
}

type Part = DownloadOptions & { offset: number };

async function bodyFrom(client: HttpClient, url: string, { doing, headers, offset, length }: Part) {
  const response = await client.request(url, {
    range: { offset, length },
    maxBytes: Infinity,
    ...(headers === undefined ? {} : { headers }),
  });
  if (response.status === 416) {
    response.discard(); // nothing is there any more
    return [];
  }
  if (response.status !== 200 && response.status !== 206) {
    response.discard();
    throw httpError(doing, response);
  }
  return part(response, offset - (response.range?.offset ?? 0), length);
}

/** `length` bytes of the body after the first `skip`. */
async function* part({ body }: HttpResponse, skip: number, length: number): AsyncGenerator<Uint8Array> {
  let at = -skip;
  for await (const chunk of body) {
    const wanted = chunk.subarray(Math.max(0, -at), Math.max(0, length - at));
    at += chunk.length;
    if (wanted.length > 0) yield wanted;
    if (at >= length) return;
  }
}
