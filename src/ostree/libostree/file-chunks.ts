/** A local file, read in pieces. */
import { close, fstat, O_NOFOLLOW, O_RDONLY, open, read } from "../../linux/index.ts";

const CHUNK = 1 << 20;

/** The bytes of the file at `path`, which is not followed. @throws KernelError on the first piece */
export function* fileChunks(path: string): Generator<Uint8Array> {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    // Most files fit one piece; the read after it, of one byte or more, finds the end.
    const length = Math.min(fstat(fd).size + 1, CHUNK);
    for (;;) {
      const buffer = Buffer.allocUnsafe(length);
      const count = read(fd, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    close(fd);
  }
}
