/**
 * One requirement of a policy.
 * Spec: containers-policy.json(5), "Policy requirements"
 */
import { AtomicError } from "../../errors.ts";
import { asObject, type JsonObject, optionalText, textField, textsField } from "../json.ts";
import { DEFAULT_IDENTITY, parseIdentity, type SignedIdentity } from "./signed-identity.ts";
import { allowKeys } from "./strict-json.ts";

/** Where public keys are. */
export type KeySource = { paths: string[] } | { data: Buffer[] };

export interface SignedRequirement {
  type: "signedBy" | "sigstoreSigned";
  keys: KeySource;
  identity: SignedIdentity;
}
export type Requirement =
  | { type: "insecureAcceptAnything" | "reject" }
  | SignedRequirement
  /** The specification has it, we do not: nothing fulfils it. */
  | { type: "unsupported"; what: string };

const SIGNED_BY = ["type", "keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"];
const SIGSTORE_KEYS = ["keyPath", "keyPaths", "keyData", "keyDatas"];
const REKOR = ["rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"];
/** What would need certificates that live for minutes, or a log of signatures. */
const SIGSTORE_UNSUPPORTED = ["fulcio", "pki", ...REKOR];
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** @throws AtomicError invalid for an unknown type or key: what is not understood is never taken for permission */
export function parseRequirement(value: unknown, what: string): Requirement {
  const object = asObject(value, what);
  const type = textField(object, "type", what);
  switch (type) {
    case "insecureAcceptAnything":
    case "reject":
      allowKeys(object, ["type"], what);
      return { type };
    case "signedBy": {
      allowKeys(object, SIGNED_BY, what);
      const keyType = textField(object, "keyType", what);
      return keyType === "GPGKeys"
        ? { type, keys: keysOf(object, what), identity: identityOf(object, what) }
        : { type: "unsupported", what: `keys of type ${JSON.stringify(keyType.slice(0, 100))}` };
    }
    case "sigstoreSigned": {
      allowKeys(object, ["type", ...SIGSTORE_KEYS, ...SIGSTORE_UNSUPPORTED, "signedIdentity"], what);
      const unsupported = SIGSTORE_UNSUPPORTED.find((key) => key in object);
      return unsupported === undefined
        ? { type, keys: keysOf(object, what), identity: identityOf(object, what) }
        : { type: "unsupported", what: `sigstore's ${unsupported}` };
    }
    default:
      throw new AtomicError("invalid", `reading ${what}: ${JSON.stringify(type.slice(0, 100))} is no requirement`);
  }
}

/** Exactly one source of keys. */
function keysOf(object: JsonObject, what: string): KeySource {
  const given = SIGSTORE_KEYS.filter((key) => key in object);
  if (given.length !== 1)
    throw new AtomicError("invalid", `reading ${what}: expected one of ${SIGSTORE_KEYS.join(", ")}`);
  const path = optionalText(object, "keyPath", what);
  const data = optionalText(object, "keyData", what);
  const paths = path === undefined ? textsField(object, "keyPaths", what) : [path];
  const datas = data === undefined ? textsField(object, "keyDatas", what) : [data];
  const wrong = datas.find((text) => !BASE64.test(text)) ?? paths.find((each) => !each.startsWith("/"));
  if (wrong !== undefined || paths.length + datas.length === 0)
    throw new AtomicError("invalid", `reading ${what}: ${given[0]}: expected absolute paths, or keys in base64`);
  return paths.length > 0 ? { paths } : { data: datas.map((text) => Buffer.from(text, "base64")) };
}

function identityOf(object: JsonObject, what: string): SignedIdentity {
  const value = object["signedIdentity"];
  return value === undefined ? DEFAULT_IDENTITY : parseIdentity(value, `${what}: signedIdentity`);
}
