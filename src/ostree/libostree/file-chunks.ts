/** A local file, read in pieces. */
import { close, O_NOFOLLOW, O_RDONLY, open, read } from "../../linux/index.ts";

const CHUNK = 1 << 20;

/** The bytes of the file at `path`, which is not followed. @throws KernelError on the first piece */
export function* fileChunks(path: string): Generator<Uint8Array> {
  const fd = open(path, O_RDONLY | O_NOFOLLOW);
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const count = read(fd, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    close(fd);
  }
}
