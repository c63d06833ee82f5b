/** Reading a content object of a repository that keeps files uncompressed. */
import { type ByteString, fromBytes, fromText, toBytes } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  AT_FDCWD,
  getXattr,
  listXattrs,
  readFile,
  readlinkAt,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  type Stat,
  statAt,
} from "../../linux/index.ts";
import { fileChunks } from "./file-chunks.ts";
import { fileHeader, MAX_TARGET, type RawInode } from "./file-header.ts";
import { decodeVariant, tuple, uint32 } from "./gvariant.ts";
import { encodeXattrs, xattrsType } from "./inode.ts";
import type { RepoMode } from "./repo-config.ts";
import type { OstreeFile } from "./source.ts";

/** `(uuua(ayay))`: what bare-user keeps beside a file that belongs to whoever made the repository. */
const OSTREEMETA = fromText("user.ostreemeta");
const OSTREEMETA_TYPE = tuple(uint32, uint32, uint32, xattrsType);
const NO_TARGET = "" as ByteString;

/** The file at `path`. @throws AtomicError invalid, not-found */
export function readBareFile(path: string, mode: Exclude<RepoMode, "archive">): OstreeFile {
  const stat = statAt(AT_FDCWD, path);
  const type = stat.mode & S_IFMT;
  if (type !== S_IFREG && type !== S_IFLNK)
    throw new AtomicError("invalid", `reading ${path}: neither a regular file nor a symlink`);
  const header = fileHeader(INODE[mode](path, stat));
  return header.kind === "symlink"
    ? { header, size: 0, content: [] }
    : { header, size: stat.size, content: fileChunks(path) };
}

const INODE: Record<Exclude<RepoMode, "archive">, (path: string, stat: Stat) => RawInode> = {
  bare: (path, { uid, gid, mode }) => ({
    uid,
    gid,
    mode,
    target: targetOf(path, mode),
    xattrs: encodeXattrs(listXattrs(path)),
  }),
  "bare-user"(path) {
    const kept = getXattr(path, OSTREEMETA);
    if (kept === undefined) throw new AtomicError("invalid", `reading ${path}: expected the xattr ${OSTREEMETA}`);
    const [uid, gid, mode, xattrs] = decodeVariant(OSTREEMETA_TYPE, toBytes(kept), `${OSTREEMETA} of ${path}`);
    // A symlink is a regular file here, which holds the target and a NUL.
    const target = (mode & S_IFMT) === S_IFLNK ? fromBytes(readFile(path, MAX_TARGET + 1).subarray(0, -1)) : NO_TARGET;
    return { uid, gid, mode, target, xattrs };
  },
  "bare-user-only": (path, { mode }) => ({ uid: 0, gid: 0, mode, target: targetOf(path, mode), xattrs: [] }),
};

function targetOf(path: string, mode: number): ByteString {
  return (mode & S_IFMT) === S_IFLNK ? readlinkAt(AT_FDCWD, path) : NO_TARGET;
}
