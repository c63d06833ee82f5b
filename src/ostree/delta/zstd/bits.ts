/** Bit streams of zstd (RFC 8878, 4.1): written from the lowest bit on, and read either way. */
import { AtomicError } from "../../../errors.ts";

/** Bits that one step of reading or writing takes at most, so that it stays within 32. */
const STEP = 16;

export interface BackwardReader {
  /** The `count` (at most 32) bits before those read last; beyond the start they are zero. */
  read(count: number): number;
  /** Bits that are not read; negative when more were read than there are. */
  left(): number;
}

/** Reads `bytes` from the last set bit, which marks the end, to the first. @throws AtomicError invalid without a mark */
export function createBackwardReader(bytes: Uint8Array): BackwardReader {
  const last = bytes[bytes.length - 1] ?? 0;
  if (last === 0) throw refuse("a bit stream has no end mark");
  let at = 8 * (bytes.length - 1) + 31 - Math.clz32(last);
  const take = (count: number): number => {
    at -= count;
    if (at < 0) return at + count <= 0 ? 0 : (word(bytes, 0) & ((1 << (at + count)) - 1)) << -at;
    return (word(bytes, at >>> 3) >>> (at & 7)) & ((1 << count) - 1);
  };
  return {
    read(count) {
      if (count <= STEP) return take(count);
      const high = take(count - STEP);
      return high * (1 << STEP) + take(STEP);
    },
    left: () => at,
  };
}

/** At least 24 bits from a byte on. */
function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
}

export interface ForwardReader {
  /** The next `count` (at most 16) bits; beyond the end they are zero. */
  read(count: number): number;
  /** Gives the last `count` bits back. */
  unread(count: number): void;
  /** Bytes of which bits were read. */
  bytesRead(): number;
}

/** Reads `bytes` from the lowest bit of the first on. */
export function createForwardReader(bytes: Uint8Array): ForwardReader {
  let at = 0;
  return {
    read(count) {
      const value = (word(bytes, at >>> 3) >>> (at & 7)) & ((1 << count) - 1);
      at += count;
      return value;
    },
    unread(count) {
      at -= count;
    },
    bytesRead: () => (at + 7) >>> 3,
  };
}

export interface BitWriter {
  /** The lowest `count` (at most 32) bits of `value`, the rest of which is not looked at. */
  write(value: number, count: number): void;
  /** Zeros up to the next whole byte. */
  align(): void;
  /** What was written, but for bits that fill no byte yet; valid until the next stream, which begins now. */
  take(): Uint8Array;
  /** Sets the end mark. Returns what was written; valid until the next stream, which begins now. */
  finish(): Uint8Array;
}

const FIRST_CAPACITY = 256 * 1024;

export function createBitWriter(): BitWriter {
  let buffer = new Uint8Array(FIRST_CAPACITY);
  let at = 0;
  let held = 0;
  let heldBits = 0;
  const put = (value: number, count: number): void => {
    held |= (value & ((1 << count) - 1)) << heldBits;
    heldBits += count;
    while (heldBits >= 8) {
      buffer[at++] = held;
      held >>>= 8;
      heldBits -= 8;
    }
  };
  const writer: BitWriter = {
    write(value, count) {
      if (at + 8 > buffer.length) {
        const larger = new Uint8Array(2 * buffer.length);
        larger.set(buffer);
        buffer = larger;
      }
      if (count <= STEP) return put(value, count);
      put(value, STEP);
      put(value >>> STEP, count - STEP);
    },
    align() {
      if (heldBits > 0) put(0, 8 - heldBits);
    },
    take() {
      const written = buffer.subarray(0, at);
      at = 0;
      return written;
    },
    finish() {
      put(1, 1);
      writer.align();
      return writer.take();
    },
  };
  return writer;
}

/** The error for a frame or a parse that makes no sense. */
export function refuse(why: string): AtomicError {
  return new AtomicError("invalid", `reading a zstd frame: ${why}`);
}
