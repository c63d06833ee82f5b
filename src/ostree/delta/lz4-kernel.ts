/**
 * A kernel for x86 whose payload is an LZ4 legacy frame (Linux: Documentation/arch/x86/boot.rst, scripts/Makefile.lib),
 * and the same with the payload decompressed, which differs little from that of the kernel before.
 *
 * Unpacked: length of what precedes the payload and of the decompressed payload (32 bits each, little-endian), then
 * what precedes it, the decompressed payload, and what follows it.
 */
import { AtomicError } from "../../errors.ts";
import { compressLz4 } from "./lz4-compress.ts";
import { decodeBlock } from "./lz4-sequences.ts";

const FRAME_MAGIC = 0x184c2102;
/** Source bytes of each block of a legacy frame but the last. */
const BLOCK_BYTES = 8 * 1024 * 1024;
const LENGTHS = 8;
/** Far more than any kernel has. */
export const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;

const BOOT_HEADER = { sectors: 0x1f1, magic: 0x202, payloadOffset: 0x248, payloadLength: 0x24c, end: 0x250 } as const;
const BOOT_MAGIC = 0x53726448; // "HdrS"
const SECTOR = 512;
/** The payload ends with the size of what was compressed. */
const SIZE_BYTES = 4;

/** The kernel image with its payload decompressed; undefined when `bytes` are no such kernel. */
export function unpackLz4Kernel(bytes: Uint8Array): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < BOOT_HEADER.end || view.getUint32(BOOT_HEADER.magic, true) !== BOOT_MAGIC) return undefined;
  const start = (bytes[BOOT_HEADER.sectors]! + 1) * SECTOR + view.getUint32(BOOT_HEADER.payloadOffset, true);
  const end = start + view.getUint32(BOOT_HEADER.payloadLength, true) - SIZE_BYTES;
  if (end > bytes.length - SIZE_BYTES || end < start + 4 || view.getUint32(start, true) !== FRAME_MAGIC)
    return undefined;
  const size = view.getUint32(end, true);
  const rest = bytes.length - end;
  if (LENGTHS + start + size + rest > MAX_UNPACKED_BYTES) return undefined;

  const unpacked = new Uint8Array(LENGTHS + start + size + rest);
  const lengths = new DataView(unpacked.buffer);
  lengths.setUint32(0, start, true);
  lengths.setUint32(4, size, true);
  unpacked.set(bytes.subarray(0, start), LENGTHS);
  const payload = unpacked.subarray(LENGTHS + start, LENGTHS + start + size);
  if (!decodeFrame(bytes.subarray(start + 4, end), payload)) return undefined;
  unpacked.set(bytes.subarray(end), LENGTHS + start + size);
  return unpacked;
}

/** Fills `payload` with the frame's blocks; false when they are damaged or do not make exactly that. */
function decodeFrame(frame: Uint8Array, payload: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let made = 0;
  try {
    for (let at = 0; at < frame.length;) {
      const length = at + 4 <= frame.length ? view.getUint32(at, true) : frame.length;
      at += 4 + length;
      if (at > frame.length) return false;
      made = decodeBlock(frame.subarray(at - length, at), payload, made);
    }
  } catch (error) {
    if (error instanceof AtomicError) return false;
    throw error;
  }
  return made === payload.length;
}

/** The kernel image of which `unpacked`, which is untrusted, was made. @throws AtomicError invalid when it is none */
export function packLz4Kernel(unpacked: Uint8Array): Uint8Array {
  const view = new DataView(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
  const start = unpacked.length < LENGTHS ? 0 : view.getUint32(0, true);
  const size = unpacked.length < LENGTHS ? 0 : view.getUint32(4, true);
  if (LENGTHS + start + size > unpacked.length) {
    throw new AtomicError("invalid", "compressing a kernel: its lengths are out of bounds");
  }
  const payload = unpacked.subarray(LENGTHS + start, LENGTHS + start + size);
  const pieces: Uint8Array[] = [unpacked.subarray(LENGTHS, LENGTHS + start), littleEndian(FRAME_MAGIC)];
  for (let at = 0; at < size; at += BLOCK_BYTES) {
    const block = compressLz4(payload.subarray(at, at + BLOCK_BYTES));
    pieces.push(littleEndian(block.length), block);
  }
  pieces.push(unpacked.subarray(LENGTHS + start + size));
  return Buffer.concat(pieces);
}

function littleEndian(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
