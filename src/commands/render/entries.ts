/** Listings of a tree. */
import { toText } from "../../bytes.ts";
import type { Entry } from "../repo/list-tree.ts";
import { table } from "./table.ts";
import { modeText } from "./mode.ts";
import { plainStyle } from "./style.ts";

const COLUMNS = [
  { name: "" },
  { name: "", right: true },
  { name: "", right: true },
  { name: "", right: true },
  { name: "" },
];

/** One line per entry: mode, owner, group, size or device numbers, path and where a link leads. */
export function renderEntries(entries: Entry[]): string {
  const rows = entries.map(({ path, node, linkTo }) => {
    const target = node.kind === "symlink" ? ` -> ${toText(node.target)}` : "";
    const link = linkTo === undefined ? "" : ` = ${toText(linkTo)}`;
    return [modeText(node), String(node.uid), String(node.gid), size(node), toText(path) + target + link];
  });
  return table(COLUMNS, rows, plainStyle);
}

/** An entry as `--json` shows it; `mode` is octal text, times are seconds, xattr values are hex. */
export function entryJson({ path, node, linkTo }: Entry): object {
  return {
    path: toText(path),
    kind: node.kind,
    mode: node.mode.toString(8).padStart(4, "0"),
    uid: node.uid,
    gid: node.gid,
    mtime: node.mtime,
    ...(node.kind === "file" ? { size: node.size, checksum: node.checksum, verity: node.verity } : {}),
    ...(node.kind === "symlink" ? { target: toText(node.target) } : {}),
    ...(node.kind === "character" || node.kind === "block" ? { device: device(node.rdev) } : {}),
    ...(linkTo === undefined ? {} : { hardlink: toText(linkTo) }),
    xattrs: Object.fromEntries(
      node.xattrs.map(({ name, value }) => [toText(name), Buffer.from(value, "latin1").toString("hex")]),
    ),
  };
}

function size(node: Entry["node"]): string {
  if (node.kind === "file") return String(node.size);
  if (node.kind === "character" || node.kind === "block") return device(node.rdev);
  return "0";
}

/** `major,minor` of a device number as Linux packs it into 32 bits. */
function device(rdev: number): string {
  return `${(rdev >>> 8) & 0xfff},${(rdev & 0xff) | ((rdev >>> 12) & 0xfff00)}`;
}
