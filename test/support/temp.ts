/** Scratch directories that vanish with the test process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new empty directory. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), "atomic-test-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}
