/** `format.json`: the version and feature flags that say who may read and write a store or sysroot. */
import { AtomicError } from "./errors.ts";

const VERSION = 1;
const KNOWN_INCOMPATIBLE: readonly string[] = [];
const KNOWN_READ_ONLY_COMPATIBLE: readonly string[] = [];

/** What a new store or sysroot says of itself. */
export function formatText(): string {
  return `${JSON.stringify({ version: VERSION, incompatible: [], readOnlyCompatible: [] })}\n`;
}

/**
 * Judges `text`, the `format.json` of `path`.
 * @returns readOnly when a feature is unknown that only writers must know
 * @throws AtomicError unsupported on a newer version or an unknown incompatible feature, invalid on anything else
 */
export function parseFormat(text: string, path: string): { readOnly: boolean } {
  const { version, incompatible, readOnlyCompatible } = parseFields(text, path);
  const unknown = incompatible.filter((flag) => !KNOWN_INCOMPATIBLE.includes(flag));
  if (version > VERSION || unknown.length > 0) {
    const found = unknown.length > 0 ? `feature ${unknown.join(", ")}` : `version ${version}`;
    throw new AtomicError(
      "unsupported",
      `opening ${path}: a newer atomic wrote it: expected format version ${VERSION}, found ${found}`,
      {
        hint: "atomic --version",
      },
    );
  }
  return { readOnly: readOnlyCompatible.some((flag) => !KNOWN_READ_ONLY_COMPATIBLE.includes(flag)) };
}

interface FormatFields {
  version: number;
  incompatible: string[];
  readOnlyCompatible: string[];
}

function parseFields(text: string, path: string): FormatFields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AtomicError("invalid", `opening ${path}: format.json is not JSON`, { cause });
  }
  const { version, incompatible, readOnlyCompatible } = (value ?? {}) as Partial<Record<keyof FormatFields, unknown>>;
  if (!Number.isSafeInteger(version) || !isFlags(incompatible) || !isFlags(readOnlyCompatible)) {
    throw new AtomicError("invalid", `opening ${path}: format.json lacks version, incompatible or readOnlyCompatible`);
  }
  return { version: version as number, incompatible, readOnlyCompatible };
}

function isFlags(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((flag) => typeof flag === "string");
}
