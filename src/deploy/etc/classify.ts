/**
 * The three-way merge of `/etc`, as a plan: base = pristine `/usr/etc` of the deployment we come from, ours = its live
 * `/etc`, theirs = `/usr/etc` of the new one.
 *
 * Content and each piece of metadata are merged apart: unchanged by us → theirs, changed by us only → ours, changed by
 * both → text is merged by lines, anything else keeps ours and saves theirs beside it as `NAME.atomic-new`.
 * The plan's actions turn a fresh copy of theirs into the result. An action's parent directory is always a directory of
 * that copy or made by an earlier action: nothing is ever written through a symlink of either side.
 */
import { type ByteString, compareBytes } from "../../bytes.ts";
import type { InodeMeta } from "../../ostree/index.ts";
import { mergeMeta } from "./merge-meta.ts";
import { type EtcDirectory, type EtcFile, type EtcNode, sameContent, sameMeta, sameTree } from "./tree.ts";

/** What became of one path. `merged`: a change of ours and one of theirs were combined. */
export type Verdict = "unchanged" | "take-new" | "keep-local" | "same-change" | "merged" | "conflict";

export interface Finding {
  /** Relative to `/etc`; the empty string is `/etc` itself. */
  path: ByteString;
  verdict: Verdict;
  /** Why it is a conflict. */
  detail?: string;
  /** Where theirs was saved, relative to `/etc`. */
  saved?: ByteString;
}

/** One change to the fresh copy of theirs. Paths are relative to `/etc`. */
export type EtcAction =
  | { kind: "remove"; path: ByteString }
  /** A new subtree; the content of its files is that of the live `/etc`. */
  | { kind: "create"; path: ByteString; node: EtcNode }
  /** A directory that only ours has, for what follows below it. */
  | { kind: "make-directory"; path: ByteString; meta: InodeMeta }
  | { kind: "set-directory-meta"; path: ByteString; meta: InodeMeta }
  /** Replace a regular file: by the content of one side, or the merged lines. */
  | { kind: "write-file"; path: ByteString; meta: InodeMeta; content: "ours" | "theirs" | Buffer }
  /** Move the copy of theirs at `path` out of the way. */
  | { kind: "save-theirs"; path: ByteString; as: ByteString };

export interface EtcMerge {
  /** Sorted by path. */
  findings: Finding[];
  /** To be carried out in this order. */
  actions: EtcAction[];
}

/** Merges the lines of three files, or says (undefined) that they cannot be merged. */
export type LineMerger = (path: ByteString, base: EtcFile, ours: EtcFile, theirs: EtcFile) => Buffer | undefined;

type Side = EtcNode | undefined;

const SAVED_SUFFIX = ".atomic-new";
const MAX_NAME = 255;

/** Plans the merge. Pure but for `mergeLines`, which reads the three files it is asked about. */
export function classifyEtc(
  base: EtcDirectory,
  ours: EtcDirectory,
  theirs: EtcDirectory,
  mergeLines: LineMerger,
): EtcMerge {
  const findings: Finding[] = [];
  const actions: EtcAction[] = [];
  const saved = new Set<ByteString>();

  function visit(path: ByteString, o: Side, l: Side, n: Side): void {
    if (saved.has(path)) return; // a newer save replaces what an earlier merge saved there
    if (l?.kind === "directory" && n?.kind === "directory") return mergeDirectories(path, o, l, n);
    if (sameTree(l, o)) return report(path, o, n, "take-new");
    if (sameTree(n, o)) return keepOurs(path, o, l, n);
    if (sameTree(l, n)) return report(path, o, n, "same-change");
    if (l?.kind === "directory" && n === undefined && o?.kind === "directory") return keepChangedBelow(path, o, l);
    if (l !== undefined && l.kind === n?.kind) return mergeLeaves(path, o?.kind === l.kind ? o : undefined, l, n);
    if (l === undefined && o !== undefined && n !== undefined && sameContent(o, n)) return keepOurs(path, o, l, n);
    clash(path, l, n);
  }

  function mergeDirectories(path: ByteString, o: Side, l: EtcDirectory, n: EtcDirectory): void {
    const old = o?.kind === "directory" ? o : undefined;
    const { meta, clashes } = mergeMeta(old, l, n);
    if (!sameMeta({ ...n, ...meta }, n)) actions.push({ kind: "set-directory-meta", path, meta });
    found(path, metaVerdict(old, l, n), clashes);
    visitChildren(path, old, l, n);
  }

  /** The new version dropped a directory in which we changed something: what we changed stays, the rest goes. */
  function keepChangedBelow(path: ByteString, o: EtcDirectory, l: EtcDirectory): void {
    const before = actions.length;
    visitChildren(path, o, l, undefined);
    const survives = actions.length > before;
    if (survives) actions.splice(before, 0, { kind: "make-directory", path, meta: l });
    found(path, survives ? "keep-local" : "take-new");
  }

  function visitChildren(path: ByteString, o: Side, l: Side, n: Side): void {
    for (const name of namesIn(o, l, n)) visit(below(path, name), childOf(o, name), childOf(l, name), childOf(n, name));
  }

  /** Both are there, of one kind, neither a directory; `old` is of that kind too. */
  function mergeLeaves(path: ByteString, old: Side, l: EtcNode, n: EtcNode): void {
    const { meta, clashes } = mergeMeta(old, l, n);
    const content = contentVerdict(old, l, n);
    if (content === "keep-local") {
      replace(path, { ...l, ...meta, mtime: l.mtime, mtimeNsec: l.mtimeNsec }, "ours");
    } else if (content !== "conflict") {
      const node = { ...n, ...meta };
      if (!sameMeta(node, n)) replace(path, node, "theirs");
    } else {
      const lines = old?.kind === "file" && l.kind === "file" && n.kind === "file" && mergeLines(path, old, l, n);
      if (!lines) return clash(path, l, n);
      actions.push({ kind: "write-file", path, meta, content: lines });
      return found(path, "merged", clashes);
    }
    found(path, combine(content, metaVerdict(old, l, n)), clashes);
  }

  function replace(path: ByteString, node: EtcNode, content: "ours" | "theirs"): void {
    if (node.kind === "file") actions.push({ kind: "write-file", path, meta: node, content });
    else actions.push({ kind: "remove", path }, { kind: "create", path, node });
  }

  function keepOurs(path: ByteString, o: Side, l: Side, n: Side): void {
    if (n !== undefined) actions.push({ kind: "remove", path });
    if (l !== undefined) actions.push({ kind: "create", path, node: l });
    report(path, o, l, "keep-local");
  }

  function clash(path: ByteString, l: Side, n: Side): void {
    const as = n === undefined ? undefined : savedName(path);
    if (as !== undefined) {
      actions.push({ kind: "save-theirs", path, as });
      saved.add(as);
    } else if (n !== undefined) {
      actions.push({ kind: "remove", path });
    }
    if (l !== undefined) actions.push({ kind: "create", path, node: l });
    findings.push({ path, verdict: "conflict", detail: clashText(l, n), ...(as === undefined ? {} : { saved: as }) });
  }

  /** One finding for every path of a subtree that went from `before` to `after`. */
  function report(path: ByteString, before: Side, after: Side, verdict: Verdict): void {
    found(path, sameInode(before, after) ? "unchanged" : verdict);
    for (const name of namesIn(before, after))
      report(below(path, name), childOf(before, name), childOf(after, name), verdict);
  }

  function found(path: ByteString, verdict: Verdict, clashes: string[] = []): void {
    findings.push(clashes.length > 0 ? { path, verdict: "conflict", detail: clashes.join("; ") } : { path, verdict });
  }

  visit("" as ByteString, base, ours, theirs);
  findings.sort((a, b) => compareBytes(a.path, b.path));
  return { findings, actions };
}

function contentVerdict(old: Side, l: EtcNode, n: EtcNode): Verdict {
  return verdictOf(old, l, n, sameContent);
}

function metaVerdict(old: Side, l: EtcNode, n: EtcNode): Verdict {
  const verdict = verdictOf(old, l, n, sameMeta);
  return verdict === "conflict" ? "merged" : verdict; // field by field there was none, or it is reported as a clash
}

function verdictOf(old: Side, l: EtcNode, n: EtcNode, same: (a: EtcNode, b: EtcNode) => boolean): Verdict {
  const kept = old !== undefined && same(l, old);
  if (same(l, n)) return kept ? "unchanged" : "same-change";
  if (kept) return "take-new";
  return old !== undefined && same(n, old) ? "keep-local" : "conflict";
}

function combine(content: Verdict, meta: Verdict): Verdict {
  if (content === "unchanged" || content === meta) return meta;
  return meta === "unchanged" ? content : "merged";
}

/** The same apart from what is below it. */
function sameInode(a: Side, b: Side): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameMeta(a, b) && (a.kind === "directory" ? b.kind === "directory" : sameContent(a, b));
}

function clashText(l: Side, n: Side): string {
  if (l === undefined) return "removed here, changed in the new version";
  if (n === undefined) return "changed here, removed in the new version";
  if (l.kind !== n.kind) return `a ${l.kind} here, a ${n.kind} in the new version`;
  return "changed here and in the new version";
}

/** `NAME.atomic-new` beside `path`, or undefined when no name can be that long. */
function savedName(path: ByteString): ByteString | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.length + SAVED_SUFFIX.length > MAX_NAME ? undefined : ((path + SAVED_SUFFIX) as ByteString);
}

function below(path: ByteString, name: ByteString): ByteString {
  return (path === "" ? name : `${path}/${name}`) as ByteString;
}

function namesIn(...sides: Side[]): ByteString[] {
  const names = sides.flatMap((side) => (side?.kind === "directory" ? [...side.children.keys()] : []));
  return [...new Set(names)].sort(compareBytes);
}

function childOf(node: Side, name: ByteString): Side {
  return node?.kind === "directory" ? node.children.get(name) : undefined;
}
