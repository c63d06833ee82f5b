/** Scratch trees: reading, making and removing them. */
import { randomFillSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../src/spawn.ts";

const CHUNK = 64 * 1024 * 1024;

/** Reads every file, so that they are in memory for both programs alike. */
export function warmUp(tree: string): void {
  for (const entry of readdirSync(tree, { withFileTypes: true })) {
    const path = join(tree, entry.name);
    if (entry.isDirectory()) warmUp(path);
    else if (entry.isFile()) readFileSync(path);
  }
}

/** Writes files with the given texts below `tree`. */
export function writeFiles(tree: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(tree, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Writes a file of random bytes: no holes, and nothing to compress. `bytes` is a multiple of 64 MiB. */
export function writeRandomFile(path: string, bytes: number): void {
  const chunk = Buffer.alloc(CHUNK);
  const file = openSync(path, "w");
  for (let written = 0; written < bytes; written += CHUNK) writeSync(file, randomFillSync(chunk));
  closeSync(file);
}

/** Removes a tree, with the deployments in it that ostree has made immutable. */
export function removeTree(tree: string): void {
  if (!existsSync(tree)) return;
  const deployments = ["-type", "d", "-path", "*/ostree/deploy/*/deploy/*.*", "-prune"];
  run(["find", tree, ...deployments, "-exec", "chattr", "-i", "{}", "+"]);
  rmSync(tree, { recursive: true });
}
