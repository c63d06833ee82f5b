/** The body of an answer: bounded, complete, and never waited for too long. */
import { AtomicError } from "./errors.ts";
import { type Answer, networkError } from "./http-exchange.ts";

/**
 * The body of `answer` in chunks; the connection ends when the caller stops reading.
 * @throws AtomicError invalid at once when the server announces more than `max` bytes; while reading, invalid when there
 *   are more, network when they end early or stop coming
 */
export function limitBody(answer: Answer, max: number, url: URL): AsyncIterable<Uint8Array> {
  const shown = `fetching ${url.origin}${url.pathname}`;
  const announced = answer.headers["content-length"];
  if (announced !== undefined && Number(announced) > max)
    throw new AtomicError("invalid", `${shown}: expected at most ${max} bytes, found ${announced}`);
  return read(answer, max, shown);
}

async function* read(
  { message, stallTimeout, discard }: Answer,
  max: number,
  shown: string,
): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  let bytes = 0;
  let complete = false;
  try {
    for (;;) {
      const next = await inTime(chunks.next(), stallTimeout);
      complete = next.done === true;
      if (next.done === true) return;
      bytes += next.value.length;
      if (bytes > max) throw new AtomicError("invalid", `${shown}: expected at most ${max} bytes, found more`);
      yield next.value;
    }
  } catch (error) {
    throw networkError(`${shown}, after ${bytes} bytes`, error);
  } finally {
    if (!complete) discard();
  }
}

/** `promise`, unless it takes longer. A busy event loop is not held against the server. */
function inTime<T>(promise: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`nothing came for ${timeout / 1000} s`));
    let timer = setTimeout(() => (timer = setTimeout(giveUp, 1)), timeout);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
