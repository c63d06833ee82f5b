/** YAML files of people: one map, bounded, and nothing that only YAML has. */
import { isMap, parseDocument } from "yaml";
import { AtomicError } from "./errors.ts";

const MAX_BYTES = 1 << 20;

/**
 * The map that `text` holds, as plain maps, lists and scalars.
 * @param doing what is attempted, for messages
 * @throws AtomicError invalid when it is not one YAML map of at most 1 MiB, with each key once and without aliases
 */
export function parseYamlMap(text: string, doing: string): Record<string, unknown> {
  const bad = (why: string, cause?: unknown) => new AtomicError("invalid", `${doing}: ${why}`, { cause });
  if (Buffer.byteLength(text) > MAX_BYTES)
    throw bad(`expected at most ${MAX_BYTES} bytes, found ${Buffer.byteLength(text)}`);
  const document = parseDocument(text, { version: "1.2", schema: "core", merge: false, strict: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw bad(problem.message.split("\n")[0] ?? "not YAML");
  if (!isMap(document.contents)) throw bad("expected a map of keys at the top");
  try {
    return document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>;
  } catch (cause) {
    throw bad("aliases (*name) are not allowed", cause);
  }
}
