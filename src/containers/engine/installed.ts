/** Which images were installed: `SYSROOT/atomic/containers/.installed.json`. docs/formats.md, "containers of images". */
import { imageFact, setImageFact } from "./image-facts.ts";
import type { Engine } from "./place.ts";

/** That LABEL INSTALL of an image was run, and it succeeded. */
interface Installation {
  /** As the operator named the image. */
  image: string;
  /** The container's name. */
  name: string;
  /** Seconds since the epoch. */
  installed: number;
}

const INSTALLED = {
  file: ".installed.json",
  isValid: (value: unknown): value is Installation =>
    typeof value === "object" && value !== null && "image" in value && "installed" in value,
};

/** Whether this very image was installed here. */
export function isInstalled(engine: Engine, manifestDigest: string): boolean {
  return imageFact(engine, INSTALLED, manifestDigest) !== undefined;
}

/** Records that it was. @throws AtomicError read-only, no-space */
export function noteInstalled(
  engine: Engine,
  manifestDigest: string,
  { image, name }: Omit<Installation, "installed">,
): void {
  const installed = Math.floor(Date.now() / 1000);
  setImageFact(engine, INSTALLED.file, manifestDigest, { image, name, installed });
}

/** Forgets that it was. @returns false when it was not */
export function forgetInstalled(engine: Engine, manifestDigest: string): boolean {
  if (!isInstalled(engine, manifestDigest)) return false;
  setImageFact(engine, INSTALLED.file, manifestDigest, undefined);
  return true;
}
