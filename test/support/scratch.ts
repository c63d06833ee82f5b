import { mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OVERLAYFS = 0x794c7630;

/**
 * A new directory for tests to work in, on a filesystem that can hold any tree: overlayfs, a container's usual root,
 * refuses whiteouts.
 */
export function scratchDirectory(): string {
  const bases = [tmpdir(), "/var/tmp", "/dev/shm"];
  const base = bases.find((path) => statfsSync(path).type !== OVERLAYFS) ?? tmpdir();
  return mkdtempSync(join(base, "atomic-tests-"));
}
