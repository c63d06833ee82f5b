/** Small `/etc` trees written down in a test, and a merge carried out on them in memory. */
import { type ByteString, fromText } from "../../../src/bytes.ts";
import type { EtcAction } from "../../../src/deploy/etc/classify.ts";
import type { EtcDirectory, EtcNode } from "../../../src/deploy/etc/tree.ts";
import { checksumOf } from "../../../src/digest.ts";
import type { InodeMeta } from "../../../src/ostree/index.ts";

export type Entries = Record<string, EtcNode>;

const contents = new Map<string, string>();

function meta(over: Partial<InodeMeta> = {}): InodeMeta {
  return { mode: 0o644, uid: 0, gid: 0, mtime: 1, mtimeNsec: 0, xattrs: [], ...over };
}

export function file(text: string, over: Partial<InodeMeta> = {}): EtcNode {
  const checksum = checksumOf(Buffer.from(text));
  contents.set(checksum, text);
  return { kind: "file", size: text.length, checksum, ...meta(over) };
}

export function link(target: string): EtcNode {
  return { kind: "symlink", target: fromText(target), ...meta({ mode: 0o777 }) };
}

export function dir(entries: Entries, over: Partial<InodeMeta> = {}): EtcDirectory {
  const children = new Map(Object.entries(entries).map(([name, node]) => [fromText(name), node]));
  return { kind: "directory", ...meta({ mode: 0o755, ...over }), children };
}

/** The text a file node of `file()` stands for. */
export function contentOf(node: EtcNode): string {
  return node.kind === "file" ? contents.get(node.checksum)! : "";
}

/** One line per path: type, mode, content. */
export function show(root: EtcDirectory, prefix = ""): string[] {
  return [...root.children]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, node]) => {
      const owner = node.uid === 0 && node.gid === 0 ? "" : ` ${node.uid}:${node.gid}`;
      const xattrs = node.xattrs.map((xattr) => ` ${xattr.name}=${xattr.value}`).join("");
      const about = `${prefix}${name} ${node.kind === "symlink" ? "" : node.mode.toString(8)}${owner}${xattrs}`;
      if (node.kind === "directory") return [`${about} dir`, ...show(node, `${prefix}${name}/`)];
      if (node.kind === "symlink") return [`${about}-> ${node.target}`];
      return [`${about} ${node.kind === "file" ? JSON.stringify(contentOf(node)) : node.kind}`];
    });
}

/** What the actions make of `theirs`. @throws Error when an action needs what is not there */
export function carryOut(theirs: EtcDirectory, ours: EtcDirectory, actions: readonly EtcAction[]): EtcDirectory {
  const root = structuredClone(theirs);
  for (const action of actions) carryOutOne(root, ours, action);
  return root;
}

function carryOutOne(root: EtcDirectory, ours: EtcDirectory, action: EtcAction): void {
  if (action.path === "") {
    if (action.kind !== "set-directory-meta") throw new Error(`${action.kind} of /etc itself`);
    return void Object.assign(root, metaOnly(action.meta));
  }
  const { parent, name } = locate(root, action.path);
  const present = parent.children.get(name);
  switch (action.kind) {
    case "remove":
      if (!parent.children.delete(name)) throw new Error(`nothing to remove at ${action.path}`);
      return;
    case "create":
      if (present !== undefined) throw new Error(`something is in the way at ${action.path}`);
      return void parent.children.set(name, structuredClone(action.node));
    case "make-directory":
      if (present !== undefined) throw new Error(`something is in the way at ${action.path}`);
      return void parent.children.set(name, { kind: "directory", ...metaOnly(action.meta), children: new Map() });
    case "set-directory-meta":
      if (present?.kind !== "directory") throw new Error(`no directory at ${action.path}`);
      return void Object.assign(present, metaOnly(action.meta));
    case "write-file": {
      if (present?.kind !== "file") throw new Error(`no file at ${action.path}`);
      const node = Buffer.isBuffer(action.content)
        ? file(action.content.toString())
        : sourceOf(action.content, present, ours, action.path);
      return void parent.children.set(name, { ...node, ...metaOnly(action.meta) });
    }
    case "save-theirs":
      if (present === undefined) throw new Error(`nothing to save at ${action.path}`);
      parent.children.delete(name);
      return void parent.children.set(locate(root, action.as).name, present);
  }
}

function sourceOf(from: "ours" | "theirs", theirs: EtcNode, ours: EtcDirectory, path: ByteString): EtcNode {
  if (from === "theirs") return theirs;
  const { parent, name } = locate(ours, path);
  return parent.children.get(name)!;
}

function locate(root: EtcDirectory, path: ByteString): { parent: EtcDirectory; name: ByteString } {
  const parts = path.split("/") as ByteString[];
  let parent = root;
  for (const part of parts.slice(0, -1)) {
    const next = parent.children.get(part);
    if (next?.kind !== "directory") throw new Error(`no directory ${part} on the way to ${path}`);
    parent = next;
  }
  return { parent, name: parts.at(-1)! };
}

function metaOnly({ mode, uid, gid, mtime, mtimeNsec, xattrs }: InodeMeta): InodeMeta {
  return { mode, uid, gid, mtime, mtimeNsec, xattrs };
}
