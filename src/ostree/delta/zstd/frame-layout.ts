/** What a frame and its blocks begin with (RFC 8878, 3.1.1). */
import { refuse } from "./bits.ts";

export const FRAME_MAGIC = 0xfd2fb528;
export const BLOCK = { raw: 0, repeated: 1, compressed: 2 } as const;
export const BLOCK_HEADER = 3;
/** Bytes of content that a block has at most. */
export const MAX_BLOCK = 128 * 1024;
export const CHECKSUM_BYTES = 4;
const CHECKSUM_FLAG = 4;
const SINGLE_SEGMENT = 0x20;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;

export interface FrameHeader {
  /** In bytes, with the magic. */
  length: number;
  /** A checksum ends the frame. */
  checksum: boolean;
  /** Of the window's bytes; undefined when it is as large as the content, or no power of two. */
  windowLog: number | undefined;
}

/** The header that begins `bytes`. @throws AtomicError invalid */
export function readFrameHeader(bytes: Uint8Array): FrameHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 5 || view.getUint32(0, true) !== FRAME_MAGIC) throw refuse("it does not begin like one");
  const descriptor = bytes[4]!;
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6]! || (single ? 1 : 0);
  const dictionary = DICTIONARY_BYTES[descriptor & 3]!;
  if (dictionary !== 0) throw refuse("it needs a dictionary");
  const length = 5 + (single ? 0 : 1) + sizeBytes;
  if (length > bytes.length) throw refuse("its header is cut short");
  const isPower = !single && (bytes[5]! & 7) === 0;
  return {
    length,
    checksum: (descriptor & CHECKSUM_FLAG) !== 0,
    windowLog: isPower ? 10 + (bytes[5]! >> 3) : undefined,
  };
}

/** A block's header of three bytes. */
export function readBlockHeader(
  bytes: Uint8Array,
  at: number,
): { last: boolean; type: number; size: number; stored: number } {
  if (at + BLOCK_HEADER > bytes.length) throw refuse("it is cut short");
  const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
  const type = (header >> 1) & 3;
  const stored = type === BLOCK.repeated ? 1 : header >> 3;
  if (at + BLOCK_HEADER + stored > bytes.length) throw refuse("it is cut short");
  return { last: (header & 1) === 1, type, size: header >> 3, stored };
}

/** Bytes of the frame that begins `bytes`; what is in its blocks is not looked at. @throws AtomicError invalid */
export function frameLength(bytes: Uint8Array): number {
  const { length, checksum } = readFrameHeader(bytes);
  let at = length;
  for (let last = false; !last;) {
    const block = readBlockHeader(bytes, at);
    last = block.last;
    at += BLOCK_HEADER + block.stored;
  }
  const end = at + (checksum ? CHECKSUM_BYTES : 0);
  if (end > bytes.length) throw refuse("it is cut short");
  return end;
}
