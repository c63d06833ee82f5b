/** The dirmeta object: a directory's owner, mode and xattrs, `(uuua(ayay))`. */
import { AtomicError } from "../../errors.ts";
import { S_IFDIR, S_IFMT } from "../../linux/index.ts";
import type { InodeMeta } from "../tree.ts";
import { decodeVariant, encodeVariant, tuple, uint32 } from "./gvariant.ts";
import { encodeXattrs, inodeMeta, xattrsType } from "./inode.ts";

const TYPE = tuple(uint32, uint32, uint32, xattrsType);

/** The dirmeta of a directory; times are lost. */
export function encodeDirmeta({ uid, gid, mode, xattrs }: InodeMeta): Buffer {
  return encodeVariant(TYPE, [uid, gid, S_IFDIR | mode, encodeXattrs(xattrs)]);
}

/** Reads a dirmeta, which is untrusted. @throws AtomicError invalid */
export function parseDirmeta(bytes: Uint8Array): InodeMeta {
  const [uid, gid, mode, xattrs] = decodeVariant(TYPE, bytes, "dirmeta");
  if ((mode & S_IFMT) !== S_IFDIR)
    throw new AtomicError("invalid", `decoding dirmeta: mode ${mode.toString(8)} is not a directory's`);
  return inodeMeta({ uid, gid, mode, xattrs });
}
