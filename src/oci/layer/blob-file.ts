/** A blob as a part of a file. */
import { close, fstat, O_NOFOLLOW, O_RDONLY, open, pread } from "../../linux/index.ts";
import { AtomicError } from "../../errors.ts";

/** Where a blob's bytes are. */
export interface BlobFile {
  path: string;
  /** 0 but in archives. */
  offset: number;
  size: number;
  /** Its digest was made of these very bytes just now, and is the one that the manifest names. */
  checked?: true;
}

const CHUNK = 1 << 20;

/**
 * The bytes of a blob, piece by piece; a piece is only valid until the next one is asked for.
 * @throws AtomicError corrupt when the file is shorter than it should be
 */
export function* readBlob({ path, offset, size }: BlobFile): Generator<Uint8Array> {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size));
    for (let at = 0; at < size;) {
      const count = pread(fd, buffer.subarray(0, Math.min(buffer.length, size - at)), offset + at);
      if (count === 0) {
        throw new AtomicError("corrupt", `reading ${path}: expected ${offset + size} bytes, found ${fstat(fd).size}`);
      }
      yield buffer.subarray(0, count);
      at += count;
    }
  } finally {
    close(fd);
  }
}
