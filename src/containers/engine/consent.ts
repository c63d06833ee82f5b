/** What an operator agreed to, by image: `SYSROOT/atomic/containers/.consent.json`. docs/formats.md, "containers of images". */
import { imageFact, setImageFact } from "./image-facts.ts";
import type { Engine } from "./place.ts";

const CONSENT = {
  file: ".consent.json",
  isValid: (value: unknown): value is unknown[] => Array.isArray(value),
};

/** Whether the operator agreed before to all these privileges of this very image; asked again when that cannot be read. */
export function hasConsent(engine: Engine, manifestDigest: string, privileges: readonly string[]): boolean {
  const agreed = imageFact(engine, CONSENT, manifestDigest) ?? [];
  return privileges.every((privilege) => agreed.includes(privilege));
}

/** Remembers that the operator agreed. @throws AtomicError read-only, no-space */
export function rememberConsent(engine: Engine, manifestDigest: string, privileges: readonly string[]): void {
  const before = imageFact(engine, CONSENT, manifestDigest) ?? [];
  setImageFact(engine, CONSENT.file, manifestDigest, [...new Set([...before, ...privileges])]);
}
