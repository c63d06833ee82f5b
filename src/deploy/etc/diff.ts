import { type ByteString, compareBytes, toText } from "../../bytes.ts";
import { readObject, type Repo } from "../../ostree/index.ts";
import { etcDeployment, etcPath } from "./deployment.ts";
import { isText, MAX_TEXT } from "./merge-text.ts";
import { type EtcNode, sameContent, sameMeta } from "./tree.ts";
import { loadHostState } from "../host-state.ts";
import { lazyTree } from "../lazy-tree.ts";
import { closeEtc, type LiveEtc, openEtc, readEtcFile } from "./live.ts";
import { pristineEtc } from "./pristine.ts";
import type { Sysroot } from "../sysroot.ts";
import { unifiedDiff } from "./unified-diff.ts";

/** How one path of the live `/etc` differs from the pristine one. */
export interface EtcChange {
  /** Starts with `/etc`. */
  path: string;
  /** `metadata`: mode, owner or xattrs only. */
  kind: "added" | "removed" | "modified" | "metadata";
  /** Unified, for text files; absent where lines mean nothing. */
  diff?: string;
  /** What differs beside the content: `mode 0644 → 0600`. */
  metadata?: string[];
}

/** How the live `/etc` of a deployment (the booted one, else that which boots next) differs from its image. @throws AtomicError not-found */
export function etcDiff(
  sysroot: Sysroot,
  { target, commandLine }: { target?: string; commandLine?: string } = {},
): EtcChange[] {
  const deployment = etcDeployment(loadHostState(sysroot, commandLine), target);
  const live = openEtc(etcPath(sysroot, deployment));
  try {
    const changes: EtcChange[] = [];
    compare(
      { path: "" as ByteString, before: pristineEtc(lazyTree(sysroot.repo, deployment.commit)), after: live.root },
      (pair) => {
        const change = describe(pair, { repo: sysroot.repo, live });
        if (change !== undefined) changes.push(change);
      },
    );
    return changes;
  } finally {
    closeEtc(live);
  }
}

interface Pair {
  path: ByteString;
  before: EtcNode | undefined;
  after: EtcNode | undefined;
}

/** Visits every path of either side, parents first. */
function compare({ path, before, after }: Pair, visit: (pair: Pair) => void): void {
  visit({ path, before, after });
  const children = (node: EtcNode | undefined) =>
    node?.kind === "directory" ? node.children : new Map<ByteString, EtcNode>();
  const [left, right] = [children(before), children(after)];
  for (const name of [...new Set([...left.keys(), ...right.keys()])].sort(compareBytes)) {
    const child = (path === "" ? name : `${path}/${name}`) as ByteString;
    compare({ path: child, before: left.get(name), after: right.get(name) }, visit);
  }
}

function describe({ path, before, after }: Pair, sources: { repo: Repo; live: LiveEtc }): EtcChange | undefined {
  const shown = path === "" ? "/etc" : `/etc/${toText(path)}`;
  const content = (): Pick<EtcChange, "diff"> => textDiff({ path, before, after }, shown, sources);
  if (before === undefined) return { path: shown, kind: "added", ...content() };
  if (after === undefined) return { path: shown, kind: "removed", ...content() };
  const metadata = sameMeta(before, after) ? {} : { metadata: metaChanges(before, after) };
  const same = before.kind === "directory" ? after.kind === "directory" : sameContent(before, after);
  if (!same) return { path: shown, kind: "modified", ...content(), ...metadata };
  return "metadata" in metadata ? { path: shown, kind: "metadata", ...metadata } : undefined;
}

function textDiff(
  { path, before, after }: Pair,
  shown: string,
  { repo, live }: { repo: Repo; live: LiveEtc },
): Pick<EtcChange, "diff"> {
  const nodes = [before, after].filter((node) => node !== undefined);
  if (nodes.some((node) => node.kind !== "file" || node.size > MAX_TEXT)) return {};
  const empty = Buffer.alloc(0);
  const old = before?.kind === "file" && before.size > 0 ? readObject(repo, before.checksum, "file", MAX_TEXT) : empty;
  const now = after?.kind === "file" ? readEtcFile(live, path, MAX_TEXT) : empty;
  if (!isText(old) || !isText(now)) return {};
  const name = (side: string, node: EtcNode | undefined) => (node === undefined ? "/dev/null" : `${side}${shown}`);
  const diff = unifiedDiff({
    before: { name: name("a/usr", before), content: old },
    after: { name: name("b", after), content: now },
  });
  return diff === "" ? {} : { diff };
}

function metaChanges(before: EtcNode, after: EtcNode): string[] {
  const changes: string[] = [];
  const octal = (mode: number) => mode.toString(8).padStart(4, "0");
  if (before.mode !== after.mode) changes.push(`mode ${octal(before.mode)} → ${octal(after.mode)}`);
  if (before.uid !== after.uid) changes.push(`owner ${before.uid} → ${after.uid}`);
  if (before.gid !== after.gid) changes.push(`group ${before.gid} → ${after.gid}`);
  const value = (node: EtcNode, name: ByteString) => node.xattrs.find((xattr) => xattr.name === name)?.value;
  const names = new Set([...before.xattrs, ...after.xattrs].map(({ name }) => name));
  for (const name of names) if (value(before, name) !== value(after, name)) changes.push(`xattr ${toText(name)}`);
  return changes;
}
