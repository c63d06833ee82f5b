/**
 * Runs `work` on every item, at most `limit` at a time. The first failure is what this throws, once those under way are
 * over: they may watch `signal`, which it aborts, to be over soon.
 */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const stop = new AbortController();
  const { signal } = stop;
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && !signal.aborted; next = rest.next()) {
      try {
        await work(next.value, signal);
      } catch (error) {
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  signal.throwIfAborted();
}
