/**
 * Which name a signature must have been made for.
 * Spec: containers-policy.json(5), `signedIdentity`
 */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { asObject, textField } from "../json.ts";
import { formatRegistryReference, type ImageReference, type NamedReference, parseNamed } from "../reference.ts";
import { allowKeys } from "./strict-json.ts";

export type SignedIdentity =
  | { type: "matchExact" | "matchRepoDigestOrExact" | "matchRepository" }
  | { type: "exactReference" | "exactRepository"; name: NamedReference }
  | { type: "remapIdentity"; prefix: string; signedPrefix: string };

/** What counts where a requirement says nothing. */
export const DEFAULT_IDENTITY: SignedIdentity = { type: "matchRepoDigestOrExact" };

/** A host with its port, or what is below it. */
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:\/[a-z0-9._-]+)*$/;

/** @throws AtomicError invalid */
export function parseIdentity(value: unknown, what: string): SignedIdentity {
  const object = asObject(value, what);
  const type = textField(object, "type", what);
  switch (type) {
    case "matchExact":
    case "matchRepoDigestOrExact":
    case "matchRepository":
      allowKeys(object, ["type"], what);
      return { type };
    case "exactReference":
      allowKeys(object, ["type", "dockerReference"], what);
      return { type, name: name("dockerReference", (found) => !isNameOnly(found)) };
    case "exactRepository":
      allowKeys(object, ["type", "dockerRepository"], what);
      return { type, name: name("dockerRepository", isNameOnly) };
    case "remapIdentity":
      allowKeys(object, ["type", "prefix", "signedPrefix"], what);
      return { type, prefix: prefix("prefix"), signedPrefix: prefix("signedPrefix") };
    default:
      throw new AtomicError("invalid", `reading ${what}: ${JSON.stringify(type.slice(0, 100))} is no signedIdentity`);
  }

  function name(key: string, isFit: (found: NamedReference) => boolean): NamedReference {
    const text = textField(object, key, what);
    const found = tryParse(text);
    if (found === undefined || !isFit(found))
      throw new AtomicError("invalid", `reading ${what}: ${key}: ${JSON.stringify(text.slice(0, 300))} does not fit`);
    return found;
  }
  function prefix(key: string): string {
    const text = textField(object, key, what);
    if (!PREFIX.test(text))
      throw new AtomicError("invalid", `reading ${what}: ${key}: expected a host or what is below it`);
    return text;
  }
}

/**
 * True when a signature for the name `signed` is one for the image that was asked for as `asked`.
 * @param signed the `docker-reference` of the signature, which is unchecked
 */
export function matchesIdentity(identity: SignedIdentity, asked: ImageReference, signed: string): boolean {
  const found = tryParse(signed);
  if (found === undefined) return false;
  if (identity.type === "exactReference") return isSame(found, identity.name);
  if (identity.type === "exactRepository") return repository(found) === repository(identity.name);
  if (asked.transport !== "docker") return false;
  const { tag, digest, host, path } = asked;
  const wanted: NamedReference = { host, path, ...(digest === undefined ? { tag: tag! } : { digest }) };
  switch (identity.type) {
    case "matchExact":
      return isSame(found, wanted);
    case "matchRepository":
      return repository(found) === repository(wanted);
    case "matchRepoDigestOrExact":
      return repoDigestOrExact(wanted, found);
    case "remapIdentity": {
      const remapped = tryParse(remap(wanted, identity));
      return remapped !== undefined && repoDigestOrExact(remapped, found);
    }
  }
}

/** An image that was asked for by its digest may have been signed as any tag: the digest is compared elsewhere. */
function repoDigestOrExact(wanted: NamedReference, signed: NamedReference): boolean {
  if (isNameOnly(signed)) return false;
  return wanted.digest === undefined ? isSame(wanted, signed) : repository(wanted) === repository(signed);
}

function remap(wanted: NamedReference, { prefix, signedPrefix }: { prefix: string; signedPrefix: string }): string {
  const name = repository(wanted);
  const whole = formatRegistryReference(wanted);
  return name === prefix || name.startsWith(`${prefix}/`) ? signedPrefix + whole.slice(prefix.length) : whole;
}

function isSame(a: NamedReference, b: NamedReference): boolean {
  return formatRegistryReference(a) === formatRegistryReference(b);
}

function isNameOnly({ tag, digest }: NamedReference): boolean {
  return tag === undefined && digest === undefined;
}

function repository({ host, path }: NamedReference): string {
  return `${host}/${path}`;
}

function tryParse(text: string): NamedReference | undefined {
  try {
    return parseNamed(text);
  } catch (error) {
    if (isAtomicError(error, "usage")) return undefined;
    throw error;
  }
}
