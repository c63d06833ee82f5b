import { dirname, join } from "node:path";
import type { Durable } from "../durable.ts";

/** Writes a file below the boot directory, with its directories. */
export function writeBootFile(
  disk: Durable,
  bootDirectory: string,
  { path, bytes }: { path: string; bytes: Uint8Array },
): void {
  const full = join(bootDirectory, path);
  disk.ensureDirectory(dirname(full), 0o755);
  disk.replaceFile(full, bytes, 0o644);
}
