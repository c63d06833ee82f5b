/**
 * A ring of buffers in shared memory: one thread fills them, every consumer sees each of them in order. Nobody needs
 * an event loop to wait.
 */
import { AtomicError, type ErrorCode } from "../../errors.ts";

/** What threads share. */
export interface Ring {
  control: Int32Array;
  slots: Uint8Array[];
  /** The producer's error, as JSON; its length is in `control`. */
  error: Uint8Array;
}

const SLOTS = 8;
/** Bytes of a slot. */
const SLOT_SIZE = 1 << 20;
const MAX_ERROR = 8192;
/** Milliseconds after which a thread that does nothing counts as dead. */
const PATIENCE = 120_000;
/** Places in `control`: slots filled so far, the end as slots or -1, the error's length, then what each consumer took. */
const AT = { filled: 0, end: 1, error: 2, lengths: 3, taken: 3 + SLOTS } as const;

/** A ring that so many consumers read. */
export function createRing(consumers: number): Ring {
  const control = new Int32Array(new SharedArrayBuffer(4 * (AT.taken + consumers)));
  control[AT.end] = -1;
  return {
    control,
    slots: Array.from({ length: SLOTS }, () => new Uint8Array(new SharedArrayBuffer(SLOT_SIZE))),
    error: new Uint8Array(new SharedArrayBuffer(MAX_ERROR)),
  };
}

/** Puts bytes into the ring, waiting for room. */
export function fillRing({ control, slots }: Ring, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += SLOT_SIZE) {
    const part = bytes.subarray(at, at + SLOT_SIZE);
    const filled = Atomics.load(control, AT.filled);
    for (let consumer = AT.taken; consumer < control.length; consumer++) {
      for (;;) {
        const taken = Atomics.load(control, consumer);
        if (filled - taken < SLOTS) break;
        wait(control, consumer, taken);
      }
    }
    slots[filled % SLOTS]!.set(part);
    control[AT.lengths + (filled % SLOTS)] = part.length;
    Atomics.store(control, AT.filled, filled + 1);
    Atomics.notify(control, AT.filled);
  }
}

/** Tells the consumers that nothing more comes. */
export function endRing({ control }: Ring): void {
  Atomics.store(control, AT.end, Atomics.load(control, AT.filled));
  Atomics.add(control, AT.filled, 1);
  Atomics.notify(control, AT.filled);
}

/** Makes an error of the producer that of every consumer. */
export function failRing(ring: Ring, error: unknown): void {
  const { code, message, stack } = error as Partial<AtomicError>;
  const known = error instanceof AtomicError ? { code } : {};
  const text = Buffer.from(JSON.stringify({ ...known, message, stack: stack?.slice(0, 4000) })).subarray(0, MAX_ERROR);
  ring.error.set(text);
  Atomics.store(ring.control, AT.error, text.length);
  endRing(ring);
}

/**
 * The buffers in order, for the consumer of that number. Each is only valid until the next one is asked for.
 * @throws AtomicError as the producer failed; io when it does nothing for two minutes
 */
export function* drainRing({ control, slots, error }: Ring, consumer: number): Generator<Uint8Array> {
  const own = AT.taken + consumer;
  for (let taken = 0; ; taken++) {
    for (;;) {
      const filled = Atomics.load(control, AT.filled);
      if (filled > taken) break;
      wait(control, AT.filled, filled);
    }
    if (Atomics.load(control, AT.end) === taken) break;
    yield slots[taken % SLOTS]!.subarray(0, control[AT.lengths + (taken % SLOTS)]);
    Atomics.store(control, own, taken + 1);
    Atomics.notify(control, own);
  }
  const length = Atomics.load(control, AT.error);
  if (length > 0) throw readError(error.slice(0, length));
}

/** Lets the producer go on without this consumer. */
export function leaveRing({ control }: Ring, consumer: number): void {
  Atomics.store(control, AT.taken + consumer, 0x7fffffff);
  Atomics.notify(control, AT.taken + consumer);
}

function wait(control: Int32Array, at: number, value: number): void {
  if (Atomics.wait(control, at, value, PATIENCE) === "timed-out")
    throw new AtomicError("io", `unpacking a layer: a thread did nothing for ${PATIENCE / 1000} seconds`);
}

function readError(bytes: Uint8Array): Error {
  const { code, message, stack } = JSON.parse(Buffer.from(bytes).toString()) as {
    code?: ErrorCode;
    message: string;
    stack?: string;
  };
  return code === undefined ? new Error(stack ?? message) : new AtomicError(code, message);
}
