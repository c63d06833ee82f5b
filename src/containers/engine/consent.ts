/** What an operator agreed to, by image: `SYSROOT/atomic/containers/.consent.json`. docs/formats.md, "containers of images". */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "./place.ts";

interface Consents {
  format: 1;
  /** Privileges by manifest digest. */
  images: Record<string, string[]>;
}

const FILE = ".consent.json";
const MAX_BYTES = 4 << 20;

/** Whether the operator agreed before to all these privileges of this very image. */
export function hasConsent(engine: Engine, manifestDigest: string, privileges: readonly string[]): boolean {
  const { images } = readConsents(engine);
  const agreed = Object.hasOwn(images, manifestDigest) ? images[manifestDigest]! : [];
  return privileges.every((privilege) => agreed.includes(privilege));
}

/** Remembers that the operator agreed. @throws AtomicError read-only, no-space */
export function rememberConsent(engine: Engine, manifestDigest: string, privileges: readonly string[]): void {
  const { images } = readConsents(engine);
  const before = Object.hasOwn(images, manifestDigest) ? images[manifestDigest]! : [];
  const next: Consents = {
    format: 1,
    images: { ...images, [manifestDigest]: [...new Set([...before, ...privileges])] },
  };
  engine.repo.disk.ensureDirectory(engine.data, 0o700);
  engine.repo.disk.replaceFile(join(engine.data, FILE), Buffer.from(`${JSON.stringify(next)}\n`), 0o600);
}

/** A file that cannot be read is no consent: the operator is asked again. */
function readConsents(engine: Engine): Consents {
  try {
    const bytes = readFileSync(join(engine.data, FILE));
    const { format, images } = (
      bytes.length > MAX_BYTES ? {} : JSON.parse(bytes.toString("utf8"))
    ) as Partial<Consents>;
    const valid =
      typeof images === "object" && images !== null && Object.values(images).every((one) => Array.isArray(one));
    if (format === 1 && valid) return { format, images };
  } catch {
    // asked again
  }
  return { format: 1, images: {} };
}
