/** What `mkcomposefs --from-file` refuses in a tree, refused before an image is made of it. */
import type { ByteString } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { dumpXattrs } from "../dump.ts";
import type { InodeNode, Xattr } from "../tree.ts";

/** Linux: NAME_MAX. */
const MAX_NAME = 255;
/** Linux: PATH_MAX, which counts the final NUL. */
const MAX_SYMLINK = 4095;
/** Linux: XATTR_NAME_MAX. */
const MAX_XATTR_NAME = 255;
/** What mkcomposefs counts per xattr besides its bytes, and once per inode. */
export const XATTR_OVERHEAD = 7;
export const FIRST_XATTR_OVERHEAD = 12;
/** Half of an inode's 64 KiB; the rest is kept for what an image adds. */
const MAX_XATTR_BYTES = 32767;
/** The xattrs' part of a dump's line. */
const MAX_XATTR_TEXT = 65535;
/** An escaped byte. */
const MAX_ESCAPE = "\\xff".length;

/** Why `name` cannot be an entry of a directory; undefined when it can. */
export function nameProblem(name: ByteString): string | undefined {
  if (name === "" || name === "." || name === "..") return "not a legal file name";
  if (name.length > MAX_NAME) return `name too long: expected at most ${MAX_NAME} bytes, found ${name.length}`;
  return name.includes("/") || name.includes("\0") ? "its name contains a slash or NUL" : undefined;
}

/** Why no image can hold `node`; undefined when one can. */
export function inodeProblem(node: InodeNode): string | undefined {
  const problem = node.kind === "symlink" ? symlinkProblem(node.target) : undefined;
  return node.xattrs.length === 0 ? problem : (problem ?? xattrProblem(node.xattrs));
}

/** The error for a tree that cannot be rendered because of `path`. */
export function refusal(path: string, problem: string): AtomicError {
  return new AtomicError("invalid", `rendering ${path}: ${problem}`);
}

function symlinkProblem(target: ByteString): string | undefined {
  if (target === "" || target.includes("\0")) return "its symlink target is empty or contains NUL";
  if (target.length <= MAX_SYMLINK) return undefined;
  return `symlink target too long: expected at most ${MAX_SYMLINK} bytes, found ${target.length}`;
}

function xattrProblem(xattrs: readonly Xattr[]): string | undefined {
  let size = FIRST_XATTR_OVERHEAD;
  let previous = "";
  for (const { name, value } of xattrs) {
    if (name <= previous) return "its xattrs are not sorted, unique and named";
    if (name.length > MAX_XATTR_NAME || name.includes("\0")) return "an xattr's name is too long or contains NUL";
    size += XATTR_OVERHEAD + name.length + value.length;
    previous = name;
  }
  if (size > MAX_XATTR_BYTES) return `xattrs too large: expected at most ${MAX_XATTR_BYTES} bytes, found ${size}`;
  const text = size * MAX_ESCAPE <= MAX_XATTR_TEXT ? 0 : dumpXattrs(xattrs).length;
  if (text <= MAX_XATTR_TEXT) return undefined;
  return `xattrs too large: expected at most ${MAX_XATTR_TEXT} bytes of dump, found ${text}`;
}
