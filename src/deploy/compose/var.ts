/**
 * Empties /var of a tree into tmpfiles.d(5) lines: a host's /var is made at boot and belongs to the host.
 *
 * Directories become `d`, links `L`, empty files `f`. Files with content move to /usr/share/factory, where a `C` line
 * copies them from when the host has none yet.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { type ByteString, compareBytes, fromBytes, toBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { inTree, makeDirectories, parentOf, statInTree, walkTree } from "./paths.ts";

const CONF = "usr/lib/tmpfiles.d";
const OWN = `${CONF}/host-var.conf`;
const FACTORY = "usr/share/factory";
const HEADER = "# Made when the image was composed: what the image had in /var. See tmpfiles.d(5).\n";
const MAKING = /^[dDvqQfFLCwpcb]/;

/** Turns all below `var` into lines and leaves it empty. `links` are further `L` lines: absolute path to target. */
export function varToTmpfiles(root: string, links: ReadonlyMap<string, string>): void {
  const declared = declaredPaths(root);
  const lines: string[] = [];
  const add = (path: string, type: string, rest: string): void => {
    if (!declared.has(path)) lines.push(`${type} ${escapeField(path)} ${rest}`);
  };
  for (const [path, target] of links) add(path, "L", `- - - - ${escapeField(target)}`);
  walkTree(root, "var", (path, stat) => {
    const owned = `${(stat.mode & 0o7777).toString(8).padStart(4, "0")} ${stat.uid} ${stat.gid} -`;
    if (stat.isDirectory()) return add(`/${path}`, "d", owned);
    if (stat.isSymbolicLink())
      return add(`/${path}`, "L", `- - - - ${escapeField(fromBytes(readlinkSync(inTree(root, path), "buffer")))}`);
    if (!stat.isFile()) throw unexpected(path, stat);
    if (stat.size === 0) return add(`/${path}`, "f", owned);
    makeDirectories(root, `${FACTORY}/${parentOf(path)}`);
    renameSync(inTree(root, path), inTree(root, `${FACTORY}/${path}`));
    add(`/${path}`, "C", owned);
  });
  rmSync(inTree(root, "var"), { recursive: true });
  mkdirSync(inTree(root, "var"), 0o755);
  if (lines.length === 0) return;
  makeDirectories(root, CONF);
  writeFileSync(
    inTree(root, OWN),
    HEADER +
      lines
        .sort(byPath)
        .map((line) => `${line}\n`)
        .join(""),
    { encoding: "latin1", mode: 0o644 },
  );
}

/** Paths that packages' own lines make; a second line for one of them would be ignored with a warning. */
function declaredPaths(root: string): Set<string> {
  const paths = new Set<string>();
  if (statInTree(root, CONF) === undefined) return paths;
  for (const name of readdirSync(inTree(root, CONF)).filter((file) => file.endsWith(".conf"))) {
    for (const line of readFileSync(`${root}/${CONF}/${name}`, "latin1").split("\n")) {
      const [type = "", path = ""] = line.trim().split(/\s+/);
      if (MAKING.test(type)) paths.add(path.replace(/(?<=.)\/+$/, ""));
    }
  }
  return paths;
}

/** tmpfiles.d fields are split at blanks, unescaped as in C, and `%` starts a specifier. */
function escapeField(text: string): string {
  const bytes = toBytes(text as ByteString);
  return [...bytes]
    .map((byte) => {
      if (byte === 0x25) return "%%";
      return byte <= 0x20 || byte >= 0x7f || byte === 0x22 || byte === 0x27 || byte === 0x5c
        ? `\\x${byte.toString(16).padStart(2, "0")}`
        : String.fromCharCode(byte);
    })
    .join("");
}

function byPath(a: string, b: string): number {
  return compareBytes(a.slice(2), b.slice(2));
}

function unexpected(path: string, stat: Stats): AtomicError {
  const kind = stat.isBlockDevice() || stat.isCharacterDevice() ? "a device" : "a pipe or socket";
  return new AtomicError("invalid", `composing: /${toText(path as ByteString)} is ${kind}, which tmpfiles cannot copy`);
}
