/** OSTree's commit object: `(a{sv}aya(say)sstayay)`. */
import { AtomicError } from "../../errors.ts";
import {
  array,
  byteArray,
  decodeVariant,
  encodeVariant,
  text,
  tuple,
  uint64,
  type Variant,
  variant,
} from "./gvariant.ts";
import { type Sha256, sha256FromBytes, sha256ToBytes } from "./sha256.ts";

export interface OstreeCommit {
  metadata: Map<string, Variant>;
  parent?: Sha256;
  subject: string;
  body: string;
  /** Seconds since the epoch. */
  timestamp: number;
  tree: Sha256;
  /** The root directory's dirmeta. */
  meta: Sha256;
}

/** `a{sv}` */
export const dictType = array(tuple(text, variant));
const TYPE = tuple(dictType, byteArray, array(tuple(text, byteArray)), text, text, uint64, byteArray, byteArray);
const MAX_TIMESTAMP = 253_402_300_799; // the last second of the year 9999
const WHAT = "commit of OSTree";

/** The bytes of a commit; metadata keys are written sorted. */
export function encodeOstreeCommit({ metadata, parent, subject, body, ...rest }: OstreeCommit): Buffer {
  return encodeVariant(TYPE, [
    [...metadata].sort(([a], [b]) => (a < b ? -1 : 1)),
    parent === undefined ? Buffer.alloc(0) : sha256ToBytes(parent),
    [],
    subject,
    body,
    rest.timestamp,
    sha256ToBytes(rest.tree),
    sha256ToBytes(rest.meta),
  ]);
}

/** Reads a commit, which is untrusted. @throws AtomicError invalid */
export function parseOstreeCommit(bytes: Uint8Array): OstreeCommit {
  const [metadata, parent, , subject, body, timestamp, tree, meta] = decodeVariant(TYPE, bytes, WHAT);
  if (timestamp > MAX_TIMESTAMP) throw new AtomicError("invalid", `decoding ${WHAT}: timestamp ${timestamp}`);
  return {
    metadata: new Map(metadata),
    ...(parent.length === 0 ? {} : { parent: sha256FromBytes(parent, WHAT) }),
    subject,
    body,
    timestamp,
    tree: sha256FromBytes(tree, WHAT),
    meta: sha256FromBytes(meta, WHAT),
  };
}
