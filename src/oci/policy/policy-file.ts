/**
 * Which images this host accepts.
 * Spec: containers-policy.json(5)
 */
import { normalize } from "node:path";
import { AtomicError } from "../../errors.ts";
import { asObject, listField } from "../json.ts";
import { parseRequirement, type Requirement } from "./requirement.ts";
import { allowKeys, parseStrictJson } from "./strict-json.ts";

export interface Policy {
  /** The file, for messages. */
  path: string;
  default: Requirement[];
  /** Requirements by transport, then by scope; the scope "" is the whole transport. */
  transports: ReadonlyMap<string, ReadonlyMap<string, Requirement[]>>;
}

/** Transports whose scopes are paths. */
const BY_PATH = ["oci", "oci-archive"];

/** Reads a policy's bytes. @throws AtomicError invalid for anything that is not understood */
export function parsePolicy(bytes: Uint8Array, path: string): Policy {
  const document = parseStrictJson(bytes, path);
  allowKeys(document, ["default", "transports"], path);
  const transports = Object.entries(asObject(document["transports"] ?? {}, `${path}: transports`)).map(
    ([transport, value]) => {
      const scopes = Object.entries(asObject(value, `${path}: ${transport}`)).map(([scope, list]) => {
        const what = `${path}: ${transport}: ${JSON.stringify(scope)}`;
        checkScope(transport, scope, what);
        return [scope, parseRequirements(list, what)] as const;
      });
      return [transport, new Map(scopes)] as const;
    },
  );
  return {
    path,
    default: parseRequirements(document["default"], `${path}: default`),
    transports: new Map(transports),
  };
}

function parseRequirements(value: unknown, what: string): Requirement[] {
  const list = listField({ value }, "value", what);
  if (list.length === 0) throw new AtomicError("invalid", `reading ${what}: expected at least one requirement`);
  return list.map((item) => parseRequirement(item, what));
}

/** A scope that no image can have would be a rule that never holds. */
function checkScope(transport: string, scope: string, what: string): void {
  if (scope === "") return;
  const isWrongPath = BY_PATH.includes(transport) && (!/^\/./.test(scope) || normalize(scope) !== scope);
  if (isWrongPath || transport === "docker-archive")
    throw new AtomicError("invalid", `reading ${what}: transport ${transport} has no such scope`);
}
