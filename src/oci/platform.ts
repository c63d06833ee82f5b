/** Platforms: which image of an index is for this machine. */
import { AtomicError } from "../errors.ts";
import { asObject, optionalText, textField } from "./json.ts";

export interface Platform {
  os: string;
  /** As Go names it: amd64, arm64. */
  architecture: string;
  /** Such as v8; absent when any will do. */
  variant?: string;
}

/** Something an index offers. */
export interface ForPlatform {
  /** Absent where the index does not say. */
  platform?: Platform;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** The platform of this machine. */
export function thisPlatform(): Platform {
  return { os: "linux", architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

/** @throws AtomicError invalid */
export function parsePlatform(value: unknown, what: string): Platform {
  const object = asObject(value, what);
  const variant = optionalText(object, "variant", what);
  return {
    os: textField(object, "os", what),
    architecture: textField(object, "architecture", what),
    ...(variant === undefined || variant === "" ? {} : { variant }),
  };
}

/** `linux/arm64/v8` */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}

/**
 * The first manifest of an index for `wanted`. An index of one manifest without a platform has nothing to choose.
 * @throws AtomicError not-found, naming the platforms there are
 */
export function choosePlatform<T extends ForPlatform>(manifests: readonly T[], wanted: Platform, what: string): T {
  const [only] = manifests;
  if (manifests.length === 1 && only!.platform === undefined) return only!;
  const match = manifests.find(({ platform }) => platform !== undefined && matches(platform, wanted));
  if (match !== undefined) return match;
  const found = manifests.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  throw new AtomicError(
    "not-found",
    `choosing from ${what}: expected ${formatPlatform(wanted)}, found ${found.slice(0, 20).join(", ") || "no platform"}`,
  );
}

function matches(platform: Platform, wanted: Platform): boolean {
  return (
    platform.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || platform.variant === undefined || platform.variant === wanted.variant)
  );
}
