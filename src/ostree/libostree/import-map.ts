/**
 * What OSTree's checksums have become here, so that a later pull fetches only what is new.
 *
 * Kept in the store's `cache/`; whoever uses an answer makes sure that the objects it names are there. A lost file
 * costs a pull from the beginning, nothing else. Layout: docs/formats.md, "OSTree map".
 */
import type { ByteString } from "../../bytes.ts";
import { type Checksum, checksumFromBytes, checksumOf, checksumToBytes } from "../../digest.ts";
import { isAtomicError } from "../../errors.ts";
import { isKernelError, readFile } from "../../linux/index.ts";
import { cacheFile, replaceCacheFile } from "../cache-file.ts";
import { MAX_METADATA_BYTES } from "../cbor-reader.ts";
import { type Dirtree, type DirtreeEntry, encodeDirtree, parseDirtree } from "../dirtree.ts";
import type { Repo } from "../repo.ts";
import type { InodeMeta, RegularNode, SymlinkNode } from "../tree.ts";
import type { Sha256 } from "./sha256.ts";

export interface ImportMap {
  file(checksum: Sha256): RegularNode | SymlinkNode | undefined;
  /** The dirtree that a dirtree of OSTree has become, or the commit that a commit has become. */
  object(checksum: Sha256, type: "dirtree" | "commit"): Checksum | undefined;
  setFile(checksum: Sha256, node: RegularNode | SymlinkNode): void;
  setObject(checksum: Sha256, type: "dirtree" | "commit", became: Checksum): void;
  /** Writes down what is known now. */
  save(): void;
}

const NAME = "ostree-map";
const DIGEST = 32;
/** Beyond this many entries, those set last are kept. */
const MAX_ENTRIES = 250_000;
const NO_META: InodeMeta = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };

/** Opens the map of `repo`; a damaged or absent one is empty. */
export function openImportMap(repo: Repo): ImportMap {
  const entries: Dirtree = load(cacheFile(repo, NAME));
  const name = (checksum: Sha256, type: string): ByteString => `${checksum}.${type}` as ByteString;
  const set = (key: ByteString, entry: DirtreeEntry): void => {
    entries.delete(key);
    entries.set(key, entry);
  };
  return {
    file(checksum) {
      const entry = entries.get(name(checksum, "file"));
      return entry?.kind === "file" || entry?.kind === "symlink" ? entry : undefined;
    },
    object(checksum, type) {
      const entry = entries.get(name(checksum, type));
      return entry?.kind === "directory" ? entry.tree : undefined;
    },
    setFile: (checksum, node) => set(name(checksum, "file"), node),
    setObject: (checksum, type, tree) => set(name(checksum, type), { kind: "directory", ...NO_META, tree }),
    save() {
      const kept = [...entries].slice(-MAX_ENTRIES);
      const bytes = encodeDirtree(new Map(kept));
      replaceCacheFile(repo, NAME, Buffer.concat([bytes, checksumToBytes(checksumOf(bytes))]));
    },
  };
}

function load(path: string): Dirtree {
  let bytes: Buffer;
  try {
    bytes = readFile(path, MAX_METADATA_BYTES);
  } catch (error) {
    if (isKernelError(error, "ENOENT") || isAtomicError(error, "invalid")) return new Map();
    throw error;
  }
  const body = bytes.subarray(0, -DIGEST);
  const intact = bytes.length > DIGEST && checksumOf(body) === checksumFromBytes(bytes.subarray(-DIGEST));
  return intact ? parseDirtree(body) : new Map();
}
