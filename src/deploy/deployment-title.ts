/** What boot menus call a deployment. */
import { fromText, toText } from "../bytes.ts";
import type { Checksum } from "../digest.ts";
import { type DirectoryNode, type InodeNode, lookup, readObject, type Repo } from "../ostree/index.ts";
import type { Stateroot } from "./deployment-id.ts";

const MAX_FILE = 64 * 1024;
const MAX_NAME = 100;

export interface TitleFacts {
  stateroot: Stateroot;
  /** Of the commit. */
  checksum: Checksum;
  version?: string;
}

/** `NAME VERSION (STATEROOT, 8 digits of the commit)`, from the tree's os-release. */
export function deploymentTitle(repo: Repo, tree: DirectoryNode, about: TitleFacts): string {
  const pretty = prettyName(osRelease(repo, tree)) ?? "Linux";
  const { stateroot, checksum, version } = about;
  const shown = version === undefined || pretty.includes(version) ? "" : ` ${printable(version)}`;
  return `${printable(pretty)}${shown} (${stateroot}, ${checksum.slice(0, 8)})`;
}

/** `PRETTY_NAME` of an os-release file, else `NAME`. Spec: os-release(5) */
function prettyName(text: string): string | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, quoted, bare] = /^([A-Z_]+)=(?:["'](.*)["']|(.*))\s*$/.exec(line) ?? [];
    if (key !== undefined) fields.set(key, quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
  }
  return fields.get("PRETTY_NAME") ?? fields.get("NAME");
}

function osRelease(repo: Repo, tree: DirectoryNode): string {
  const paths = ["/usr/lib/os-release", "/usr/etc/os-release", "/etc/os-release"];
  const isFile = (node: InodeNode | undefined) => node?.kind === "file" && node.size > 0 && node.size <= MAX_FILE;
  const node = paths.map((path) => lookup(tree, fromText(path))).find(isFile);
  return node?.kind === "file" ? readObject(repo, node.checksum, "file", MAX_FILE).toString("utf8") : "";
}

function printable(text: string): string {
  return toText(fromText(text)).slice(0, MAX_NAME);
}
