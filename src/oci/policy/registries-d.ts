/**
 * Where the signatures of a registry's images are.
 * Spec: containers-registries.d(5)
 */
import { AtomicError } from "../../errors.ts";
import { parseYamlMap } from "../../yaml-map.ts";
import { asObject, type JsonObject, optionalText } from "../json.ts";
import type { RegistryReference } from "../reference.ts";
import { scopesOf } from "./scopes.ts";
import { allowKeys } from "./strict-json.ts";

/** What is configured for a registry or a part of it. */
interface Section {
  /** A URL without a slash at its end; absent where there are no signatures beside the registry. */
  lookaside?: string;
  /** False where signatures in the registry itself are not to be looked at. */
  attachments: boolean;
}
export interface RegistriesD {
  default?: Section;
  scopes: ReadonlyMap<string, Section>;
}

const ATTACHMENTS = "use-sigstore-attachments";
/** `sigstore` is an older name of `lookaside`. */
const KEYS = ["lookaside", "lookaside-staging", "sigstore", "sigstore-staging", ATTACHMENTS];
const TOP_KEYS = ["default-docker", "docker"];
const DEFAULT = "default-docker";

/** One configuration of several files. @throws AtomicError invalid, also when two files configure the same */
export function parseRegistriesD(files: readonly { path: string; text: string }[]): RegistriesD {
  const sections = new Map<string, Section>();
  for (const { path, text } of files) {
    const document = parseYamlMap(text, `reading ${path}`);
    allowKeys(document, TOP_KEYS, path);
    const { [DEFAULT]: fallback = null, docker } = document;
    const found = Object.entries(asObject(docker ?? {}, `${path}: docker`));
    for (const [scope, value] of [...found, ...(fallback === null ? [] : [[DEFAULT, fallback] as const])]) {
      if (sections.has(scope)) throw new AtomicError("invalid", `reading ${path}: ${scope} is configured twice`);
      sections.set(scope, parseSection(asObject(value, `${path}: ${scope}`), `${path}: ${scope}`));
    }
  }
  const fallback = sections.get(DEFAULT);
  sections.delete(DEFAULT);
  return { scopes: sections, ...(fallback === undefined ? {} : { default: fallback }) };
}

/** What is configured for an image: the narrowest section alone; undefined where there is none. */
export function sectionOf(config: RegistriesD, reference: RegistryReference): Section | undefined {
  const scope = scopesOf(reference).find((each) => config.scopes.has(each));
  return scope === undefined ? config.default : config.scopes.get(scope);
}

function parseSection(section: JsonObject, what: string): Section {
  allowKeys(section, KEYS, what);
  const lookaside = optionalText(section, "lookaside", what) ?? optionalText(section, "sigstore", what);
  if (lookaside !== undefined && !/^(?:https?|file):\/\//.test(lookaside))
    throw new AtomicError("invalid", `reading ${what}: lookaside: expected a URL with http, https or file`);
  const url = lookaside?.replace(/\/+$/, "");
  return { attachments: section[ATTACHMENTS] !== false, ...(url === undefined ? {} : { lookaside: url }) };
}
