/**
 * The history of a stateroot's `/etc`: a bare git repository, root only, one commit for each snapshot. Plain `git` reads
 * it: `git --git-dir etc.git log -p main`.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ByteString, toBytes } from "../bytes.ts";
import { isAtomicError } from "../errors.ts";
import { readFile } from "../linux/index.ts";
import type { Stateroot } from "./deployment-id.ts";
import { createEtcGitFs } from "./etc-git-fs.ts";
import { formatGitMeta, gitName, META_FILE } from "./etc-git-tree.ts";
import type { EtcDirectory, EtcNode } from "./etc-tree.ts";
import { type LiveEtc, readEtcFile } from "./live-etc.ts";
import { staterootPath, type Sysroot } from "./sysroot.ts";

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
/** BLAKE3 of a file → its git blob: spares compressing again what the newest snapshot holds. */
const CACHE = "atomic-blobs.json";
const MAX_CACHE = 64 * 1024 * 1024;

type Git = typeof import("isomorphic-git");
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

  async function writeBlob(blob: Uint8Array): Promise<string> {
    return git.writeBlob({ ...repo, blob });
  }

  async function writeFileBlob(etc: LiveEtc, node: EtcNode & { kind: "file" }, path: ByteString): Promise<string> {
    const oid = known.get(node.checksum) ?? used.get(node.checksum) ?? (await writeBlob(readEtcFile(etc, path, MAX_FILE)));
    used.set(node.checksum, oid);
    return oid;
  }

  async function writeTree(etc: LiveEtc, directory: EtcDirectory, path: ByteString): Promise<TreeEntry[]> {
    const entries: TreeEntry[] = [];
    for (const [name, node] of directory.children) {
      const below = (path === "" ? name : `${path}/${name}`) as ByteString;
      const at = gitName(name);
      if (node.kind === "file" && node.size <= MAX_FILE) {
        const mode = (node.mode & 0o111) === 0 ? "100644" : "100755";
        entries.push({ mode, path: at, oid: await writeFileBlob(etc, node, below), type: "blob" });
      } else if (node.kind === "symlink") {
        entries.push({ mode: "120000", path: at, oid: await writeBlob(toBytes(node.target)), type: "blob" });
      } else if (node.kind === "directory" && node.children.size > 0) {
        const tree = await writeTree(etc, node, below);
        if (tree.length > 0) entries.push({ mode: "040000", path: at, oid: await git.writeTree({ ...repo, tree }), type: "tree" });
      }
    }
    return entries;
  }

  return {
    async record(etc, message, options) {
      const entries = await writeTree(etc, etc.root, "" as ByteString);
      const meta = await writeBlob(Buffer.from(formatGitMeta(etc.root)));
      const tree = await git.writeTree({ ...repo, tree: [...entries, { mode: "100644", path: META_FILE, oid: meta, type: "blob" }] });
      const parent = await git.resolveRef({ ...repo, ref: REF }).catch(unlessMissing);
      if (options?.onlyIfChanged === true && parent !== undefined) {
        const { commit } = await git.readCommit({ ...repo, oid: parent });
        if (commit.tree === tree) return undefined;
      }
      const by = { ...AUTHOR, timestamp: Math.floor(Date.now() / 1000) };
      const commit = { message: `${message}\n`, tree, parent: parent === undefined ? [] : [parent], author: by, committer: by };
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
