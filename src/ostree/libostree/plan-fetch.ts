/** What bringing a commit of OSTree will take, said before any file is fetched. */
import type { Checksum } from "../../digest.ts";
import { loadSubtree } from "../load-tree.ts";
import type { FetchPlan } from "../remote/driver.ts";
import type { Transaction } from "../transaction.ts";
import type { DirectoryNode, InodeMeta, RegularNode, TreeNode } from "../tree.ts";
import type { OstreeCommit } from "./commit.ts";
import { commitSizes } from "./commit-sizes.ts";
import type { FetchedTree } from "./fetch-tree.ts";
import type { ImportMap } from "./import-map.ts";
import { forEachParallel } from "../../parallel.ts";
import type { Sha256 } from "./sha256.ts";
import type { FileSizes, OstreeSource } from "./source.ts";
import { isThere } from "./stored-trees.ts";

interface Planning {
  original: OstreeCommit;
  map: ImportMap;
  fetched: FetchedTree;
  /** The files that the store lacks. */
  missing: readonly Sha256[];
  /** Ask for the sizes that the commit does not tell. */
  measure: boolean;
  /** Requests under way at a time. */
  requests: number;
  bring: (files: readonly Sha256[]) => Promise<void>;
}

const NO_META: InodeMeta = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNsec: 0, xattrs: [] };

/** The plan; sizes are those that the commit or, where asked for, the files' own headers tell. */
export async function planFetch(
  transaction: Transaction,
  source: OstreeSource,
  { original, map, fetched, missing, measure, requests, bring }: Planning,
): Promise<FetchPlan> {
  const sizes = commitSizes(original);
  if (measure) {
    const unknown = missing.filter((checksum) => !sizes.has(checksum));
    await forEachParallel(unknown, requests, async (checksum) => {
      sizes.set(checksum, await source.measure(checksum));
    });
  }
  const known = missing.flatMap((checksum) => sizes.get(checksum) ?? []);
  const files = known.map(({ content }) => content).filter((size) => size > 0);
  return {
    download: known.reduce((sum, { stored }) => sum + stored, 0),
    ...(known.length === missing.length ? { files } : {}),
    repo: transaction.repo,
    tree: () => plannedTree(transaction, { original, map, fetched, sizes }),
    subject: original.subject,
    ...(original.body === "" ? {} : { notes: original.body }),
    bring: (checksums) => bring(missing.filter((checksum) => checksums.some((wanted) => wanted === asOurs(checksum)))),
  };
}

/** A name of OSTree in place of one that only the content will tell. */
function asOurs(checksum: Sha256): Checksum {
  return checksum as string as Checksum;
}

type Known = Pick<Planning, "original" | "map" | "fetched"> & { sizes: ReadonlyMap<Sha256, FileSizes> };

/** Equal directories are one node: a small tree may name them more often than could be held. */
function plannedTree(transaction: Transaction, { original, map, fetched, sizes }: Known): DirectoryNode {
  const made = new Map<string, DirectoryNode>();
  const fileNode = (checksum: Sha256): TreeNode => {
    const node = map.file(checksum);
    if (isThere(transaction, node)) return node!;
    const size = sizes.get(checksum)?.content ?? 0;
    return {
      ...NO_META,
      kind: "file",
      size,
      checksum: asOurs(checksum),
      verity: asOurs(checksum),
    } satisfies RegularNode;
  };
  const directory = (tree: Sha256, meta: Sha256): DirectoryNode => {
    const key = `${tree} ${meta}`;
    const known = made.get(key);
    if (known !== undefined) return known;
    const own = fetched.dirmetas.get(meta)!;
    const dirtree = fetched.dirtrees.get(tree);
    const node: DirectoryNode =
      dirtree === undefined
        ? loadSubtree(transaction.repo, map.object(tree, "dirtree")!, own)
        : { kind: "directory", ...own, children: new Map() };
    made.set(key, node);
    for (const [name, checksum] of dirtree?.files ?? []) node.children.set(name, fileNode(checksum));
    for (const [name, below] of dirtree?.directories ?? []) node.children.set(name, directory(below.tree, below.meta));
    return node;
  };
  return directory(original.tree, original.meta);
}
