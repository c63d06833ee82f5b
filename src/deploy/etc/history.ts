/**
 * The history of a stateroot's `/etc`: a bare git repository, root only, one commit for each snapshot. Plain `git` reads
 * it: `git --git-dir etc.git log -p main`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type * as IsomorphicGit from "isomorphic-git";
import { type ByteString, toBytes } from "../../bytes.ts";
import { checksumOf } from "../../digest.ts";
import { isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";
import type { Stateroot } from "../deployment-id.ts";
import { createEtcGitFs } from "./git-fs.ts";
import { formatGitMeta, gitName, META_FILE } from "./git-tree.ts";
import type { EtcDirectory } from "./tree.ts";
import { type LiveEtc, readEtcFile } from "./live.ts";
import { staterootPath, type Sysroot } from "../sysroot.ts";

export interface EtcHistory {
  /**
   * Adds a snapshot to the history; `save` makes it durable.
   * @returns its commit, undefined when `onlyIfChanged` and the newest snapshot is the same
   */
  record(etc: LiveEtc, message: string, options?: { onlyIfChanged?: boolean }): Promise<string | undefined>;
  /** Brings what was recorded to the disk. */
  save(): void;
}

const BRANCH = "main";
/** The branch every snapshot is on. */
export const REF = `refs/heads/${BRANCH}`;
const AUTHOR = { name: "atomic", email: "atomic@localhost", timezoneOffset: 0 };
/** Larger files are left out: the history is for configuration. */
const MAX_FILE = 32 * 1024 * 1024;
/** BLAKE3 of what was recorded → its git object: spares compressing again what the newest snapshot holds. */
const CACHE = "atomic-objects.json";
const MAX_CACHE = 64 * 1024 * 1024;

type Git = typeof IsomorphicGit;
interface TreeEntry {
  mode: string;
  path: string;
  oid: string;
  type: "blob" | "tree";
}

/** Where the history of a stateroot is. */
export function etcGitPath(sysroot: Sysroot, stateroot: Stateroot): string {
  return join(staterootPath(sysroot, stateroot), "etc.git");
}

/** isomorphic-git, loaded when a history is used: it takes longer to load than most commands take to run. */
export async function loadGit(): Promise<Git> {
  const module = (await import("isomorphic-git")) as Git & { default?: Git };
  return module.default ?? module;
}

/** Opens the history of a stateroot, an empty one if there is none yet. */
export async function openEtcHistory(sysroot: Sysroot, stateroot: Stateroot): Promise<EtcHistory> {
  const git = await loadGit();
  const { disk } = sysroot;
  const gitdir = etcGitPath(sysroot, stateroot);
  const fs = createEtcGitFs(disk, gitdir);
  const repo = { fs, gitdir };
  const known = loadCache(gitdir);
  const used = new Map<string, string>();
  if (!existsSync(join(gitdir, "HEAD"))) await git.init({ ...repo, bare: true, defaultBranch: BRANCH });

  /** The git object for content that `key` names: written once, ever. */
  async function objectFor(key: string, write: () => Promise<string>): Promise<string> {
    const oid = known.get(key) ?? used.get(key) ?? (await write());
    used.set(key, oid);
    return oid;
  }
  const blobFor = (key: string, read: () => Uint8Array): Promise<string> =>
    objectFor(key, () => git.writeBlob({ ...repo, blob: read() }));
  const treeFor = (tree: readonly TreeEntry[]): Promise<string> => {
    const text = tree.map(({ mode, oid, path }) => `${mode} ${oid} ${path}\n`).join("");
    return objectFor(`tree:${checksumOf(Buffer.from(text))}`, () => git.writeTree({ ...repo, tree: [...tree] }));
  };

  async function entriesOf(etc: LiveEtc, directory: EtcDirectory, path: ByteString): Promise<TreeEntry[]> {
    const entries: TreeEntry[] = [];
    for (const [name, node] of directory.children) {
      const below = (path === "" ? name : `${path}/${name}`) as ByteString;
      const at = { path: gitName(name) };
      if (node.kind === "file" && node.size <= MAX_FILE) {
        const oid = await blobFor(node.checksum, () => readEtcFile(etc, below, MAX_FILE));
        entries.push({ ...at, mode: (node.mode & 0o111) === 0 ? "100644" : "100755", oid, type: "blob" });
      } else if (node.kind === "symlink") {
        const target = toBytes(node.target);
        entries.push({ ...at, mode: "120000", oid: await blobFor(checksumOf(target), () => target), type: "blob" });
      } else if (node.kind === "directory") {
        const tree = await entriesOf(etc, node, below);
        if (tree.length > 0) entries.push({ ...at, mode: "040000", oid: await treeFor(tree), type: "tree" });
      }
    }
    return entries;
  }

  return {
    async record(etc, message, options) {
      const entries = await entriesOf(etc, etc.root, "" as ByteString);
      const meta = Buffer.from(formatGitMeta(etc.root));
      const oidOfMeta = await blobFor(checksumOf(meta), () => meta);
      const tree = await treeFor([...entries, { mode: "100644", path: META_FILE, oid: oidOfMeta, type: "blob" }]);
      const parent = await git.resolveRef({ ...repo, ref: REF }).catch(unlessMissing);
      if (options?.onlyIfChanged === true && parent !== undefined) {
        const { commit } = await git.readCommit({ ...repo, oid: parent });
        if (commit.tree === tree) return undefined;
      }
      const by = { ...AUTHOR, timestamp: Math.floor(Date.now() / 1000) };
      const commit = {
        message: `${message}\n`,
        tree,
        parent: parent === undefined ? [] : [parent],
        author: by,
        committer: by,
      };
      const oid = await git.writeCommit({ ...repo, commit });
      await git.writeRef({ ...repo, ref: REF, value: oid, force: true });
      return oid;
    },
    save() {
      fs.flush();
      if ([...used.keys()].every((checksum) => known.has(checksum)) && used.size === known.size) return;
      disk.replaceFile(join(gitdir, CACHE), Buffer.from(JSON.stringify(Object.fromEntries(used))), 0o600);
    },
  };
}

function loadCache(gitdir: string): Map<string, string> {
  try {
    const text = readFile(join(gitdir, CACHE), MAX_CACHE).toString("utf8");
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch (error) {
    if (isAtomicError(error, "not-found") || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof Error && (error as Error & { code?: string }).code === "NotFoundError") return undefined;
  throw error;
}
