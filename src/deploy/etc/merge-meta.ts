/** Three-way merge of mode, owner and xattrs, each apart from the others and from the content. */
import { compareBytes, toText } from "../../bytes.ts";
import type { ByteString } from "../../bytes.ts";
import type { InodeMeta, Xattr } from "../../ostree/index.ts";

export interface MergedMeta {
  /** Times are those of `theirs`. */
  meta: InodeMeta;
  /** What both changed differently, for the report; ours was kept. */
  clashes: string[];
}

/** Merges metadata; without a `base` (both sides made the inode) every difference is a clash. */
export function mergeMeta(base: InodeMeta | undefined, ours: InodeMeta, theirs: InodeMeta): MergedMeta {
  const clashes: string[] = [];
  function pick<T>(name: string, get: (meta: InodeMeta) => T, show: (value: T) => string): T {
    const [l, n] = [get(ours), get(theirs)];
    if (l === n) return l;
    if (base !== undefined && get(base) === l) return n;
    if (base === undefined || get(base) !== n) clashes.push(`${name}: ${show(l)} here, ${show(n)} in the new version`);
    return l;
  }

  const xattrs: Xattr[] = [];
  const names = new Set([...ours.xattrs, ...theirs.xattrs].map((xattr) => xattr.name));
  for (const name of [...names].sort(compareBytes)) {
    const show = (value: ByteString | undefined) => (value === undefined ? "absent" : "present");
    const value = pick(`xattr ${toText(name)}`, (meta) => xattrOf(meta, name), show);
    if (value !== undefined) xattrs.push({ name, value });
  }
  const meta: InodeMeta = {
    mode: pick(
      "mode",
      (m) => m.mode,
      (mode) => mode.toString(8).padStart(4, "0"),
    ),
    uid: pick("owner", (m) => m.uid, String),
    gid: pick("group", (m) => m.gid, String),
    mtime: theirs.mtime,
    mtimeNsec: theirs.mtimeNsec,
    xattrs,
  };
  return { meta, clashes };
}

function xattrOf(meta: InodeMeta, name: ByteString): ByteString | undefined {
  return meta.xattrs.find((xattr) => xattr.name === name)?.value;
}
