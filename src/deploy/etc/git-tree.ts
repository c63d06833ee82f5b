/**
 * `/etc` as git objects: a tree anybody can read with `git`, and beside it what git cannot hold.
 *
 * A name git or isomorphic-git would refuse (`.git`, a backslash, bytes that are not UTF-8) is percent-encoded. Modes other
 * than 0644 and 0755, owners other than root, xattrs, empty directories and devices are lines of `.atomic-meta.json`.
 */
import { type ByteString, fromText, toBytes } from "../../bytes.ts";
import type { EtcDirectory, EtcNode } from "./tree.ts";

/** The file in the root of a snapshot that holds what git cannot. */
export const META_FILE = ".atomic-meta.json";

/** What git cannot hold of one path. */
export interface GitMeta {
  kind: EtcNode["kind"];
  /** Octal permission bits, four digits. */
  mode: string;
  uid: number;
  gid: number;
  rdev?: number;
  /** Name, and value in base64. */
  xattrs?: [string, string][];
}

/** The name git sees for one path component; different names give different results. */
export function gitName(name: ByteString): string {
  const bytes = toBytes(name);
  const text = bytes.toString("utf8");
  const whole = fromText(text) === name;
  const reserved = /^\.?git([~.: ]|$)/i.test(text.replace(IGNORABLE, ""));
  const encode = (c: string): string => [...Buffer.from(c, "utf8")].map(percent).join("");
  if (!whole)
    return [...bytes]
      .map((byte) => (byte < 0x80 && byte !== 0x25 && byte !== 0x5c ? String.fromCharCode(byte) : percent(byte)))
      .join("");
  const safe = text.replace(/[%\\]/g, encode);
  return reserved ? encode(safe.slice(0, 1)) + safe.slice(1) : safe;
}

/** Characters that some file systems ignore, so that git takes `.g\u200cit` for `.git`. */
const IGNORABLE = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/** What `.atomic-meta.json` says of a snapshot: one line for each path that needs one, sorted. */
export function formatGitMeta(root: EtcDirectory): string {
  const lines: string[] = [];
  collect(root, "", lines);
  return lines.length === 0 ? "{}\n" : `{\n${lines.join(",\n")}\n}\n`;
}

/** Reads `.atomic-meta.json`: git path → metadata. An unreadable one is empty. */
export function parseGitMeta(text: string): Map<string, GitMeta> {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, GitMeta>));
  } catch {
    return new Map();
  }
}

function collect(node: EtcNode, path: string, lines: string[]): void {
  if (!gitHoldsAll(node)) lines.push(`${JSON.stringify(path)}: ${JSON.stringify(metaOf(node))}`);
  if (node.kind !== "directory") return;
  const named = [...node.children].map(([name, child]) => [gitName(name), child] as const);
  for (const [name, child] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    collect(child, path === "" ? name : `${path}/${name}`, lines);
  }
}

function gitHoldsAll(node: EtcNode): boolean {
  if (node.uid !== 0 || node.gid !== 0 || node.xattrs.length > 0) return false;
  if (node.kind === "file") return node.mode === 0o644 || node.mode === 0o755;
  if (node.kind === "directory") return node.mode === 0o755 && node.children.size > 0;
  return node.kind === "symlink";
}

function metaOf(node: EtcNode): GitMeta {
  const { kind, mode, uid, gid, xattrs } = node;
  return {
    kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    ...("rdev" in node ? { rdev: node.rdev } : {}),
    ...(xattrs.length === 0
      ? {}
      : { xattrs: xattrs.map(({ name, value }): [string, string] => [name, toBytes(value).toString("base64")]) }),
  };
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
