/** What is remembered of images, by manifest digest, in one file: `{"format": 1, "images": {…}}`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { close, flock, O_DIRECTORY, O_RDONLY, open } from "../../linux/index.ts";
import type { Engine } from "./place.ts";

const MAX_BYTES = 4 << 20;

/** What `file` says of one image; undefined without an entry that `isValid`. A damaged file says nothing. */
export function imageFact<T>(
  engine: Engine,
  { file, isValid }: { file: string; isValid: (value: unknown) => value is T },
  manifestDigest: string,
): T | undefined {
  const facts = readFacts(engine, file);
  const fact = Object.hasOwn(facts, manifestDigest) ? facts[manifestDigest] : undefined;
  return isValid(fact) ? fact : undefined;
}

/** Gives an image another entry, durably; undefined removes it. Others keep theirs. @throws AtomicError read-only, no-space */
export function setImageFact(engine: Engine, file: string, manifestDigest: string, fact: unknown): void {
  const { disk } = engine.repo;
  disk.ensureDirectory(engine.data, 0o700);
  const lock = open(engine.data, O_RDONLY | O_DIRECTORY);
  try {
    flock(lock, "exclusive");
    const images = { ...readFacts(engine, file), [manifestDigest]: fact };
    disk.replaceFile(join(engine.data, file), Buffer.from(`${JSON.stringify({ format: 1, images })}\n`), 0o600);
  } finally {
    close(lock);
  }
}

function readFacts(engine: Engine, file: string): Readonly<Record<string, unknown>> {
  try {
    const bytes = readFileSync(join(engine.data, file));
    const { format, images } = (bytes.length > MAX_BYTES ? {} : JSON.parse(bytes.toString("utf8"))) as {
      format?: unknown;
      images?: unknown;
    };
    if (format === 1 && typeof images === "object" && images !== null) return images as Record<string, unknown>;
  } catch {
    // nothing is known
  }
  return {};
}
