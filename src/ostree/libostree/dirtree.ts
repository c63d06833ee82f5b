/** OSTree's dirtree object: a directory's names and the checksums they lead to, `(a(say)a(sayay))`. */
import { type ByteString, compareBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { array, byteArray, decodeVariant, encodeVariant, tuple, utf8 } from "./gvariant.ts";
import { type Sha256, sha256FromBytes, sha256ToBytes } from "./sha256.ts";

export interface OstreeDirtree {
  /** Regular files and symlinks. */
  files: Map<ByteString, Sha256>;
  directories: Map<ByteString, { tree: Sha256; meta: Sha256 }>;
}

const TYPE = tuple(array(tuple(utf8, byteArray)), array(tuple(utf8, byteArray, byteArray)));
const MAX_ENTRIES = 1_000_000;
/** Linux: NAME_MAX. */
const MAX_NAME = 255;
const WHAT = "dirtree";

/** The bytes of a dirtree; equal entries in any order give equal bytes. Names are UTF-8. */
export function encodeOstreeDirtree({ files, directories }: OstreeDirtree): Buffer {
  return encodeVariant(TYPE, [
    [...files].sort(byName).map(([name, checksum]) => [name, sha256ToBytes(checksum)]),
    [...directories].sort(byName).map(([name, { tree, meta }]) => [name, sha256ToBytes(tree), sha256ToBytes(meta)]),
  ]);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return compareBytes(a, b);
}

/** Reads a dirtree, which is untrusted. @throws AtomicError invalid on a bad name, order or checksum */
export function parseOstreeDirtree(bytes: Uint8Array): OstreeDirtree {
  const [files, directories] = decodeVariant(TYPE, bytes, WHAT);
  if (files.length + directories.length > MAX_ENTRIES)
    throw refuse(`expected at most ${MAX_ENTRIES} entries, found ${files.length + directories.length}`);
  checkNames(files);
  checkNames(directories);
  const tree: OstreeDirtree = { files: new Map(), directories: new Map() };
  for (const [name, checksum] of files) tree.files.set(name, sha256FromBytes(checksum, WHAT));
  for (const [name, subtree, meta] of directories) {
    if (tree.files.has(name)) throw refuse(`${toText(name)} is both a file and a directory`);
    tree.directories.set(name, { tree: sha256FromBytes(subtree, WHAT), meta: sha256FromBytes(meta, WHAT) });
  }
  return tree;
}

function checkNames(entries: readonly (readonly [ByteString, ...unknown[]])[]): void {
  let previous = "";
  for (const [name] of entries) {
    if (name === "" || name === "." || name === ".." || name.includes("/") || name.length > MAX_NAME)
      throw refuse(`${JSON.stringify(toText(name))} is not a legal file name`);
    if (name <= previous) throw refuse(`${toText(name)} is out of order`);
    previous = name;
  }
}

function refuse(why: string): AtomicError {
  return new AtomicError("invalid", `decoding ${WHAT}: ${why}`);
}
