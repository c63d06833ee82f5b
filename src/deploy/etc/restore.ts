import { type ByteString, fromBytes, fromText, toBytes, toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import {
  close,
  O_DIRECTORY,
  O_PATH,
  open,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFMT,
  statIfExists,
} from "../../linux/index.ts";
import { type InodeMeta, readObject } from "../../ostree/index.ts";
import { etcDeployment, etcPath } from "./deployment.ts";
import { createEtcGitFs } from "./git-fs.ts";
import { gitName, META_FILE, parseGitMeta } from "./git-tree.ts";
import { etcGitPath, loadGit, openEtcHistory, REF } from "./history.ts";
import { type EtcNode } from "./tree.ts";
import type { Deployment } from "../deployment.ts";
import { loadHostState } from "../host-state.ts";
import { lazyTree } from "../lazy-tree.ts";
import { closeEtc, openEtc } from "./live.ts";
import { pristineEtc } from "./pristine.ts";
import { type Sysroot, withSysrootLock } from "../sysroot.ts";

export interface RestoreOptions {
  /** Below `/etc`; with or without `/etc/` in front. */
  path: string;
  /** A snapshot as `etcLog` names it (or a unique beginning), or `pristine`: the image's own. The newest without it. */
  from?: string;
  commandLine?: string;
}

/** A file or symlink as it was. */
interface Old {
  meta: InodeMeta;
  content: { kind: "file"; bytes: Buffer } | { kind: "symlink"; target: ByteString };
}

const MAX_FILE = 1024 * 1024 * 1024;

/**
 * Gives one file or symlink of the live `/etc` the content it had; what it is now goes into the history first.
 * @throws AtomicError not-found, usage (no path below /etc), invalid (a directory), locked, read-only
 */
export async function restoreEtc(sysroot: Sysroot, options: RestoreOptions): Promise<{ path: string; from: string }> {
  const path = parseEtcPath(options.path);
  return withSysrootLock(sysroot, async () => {
    const deployment = etcDeployment(loadHostState(sysroot, options.commandLine));
    const from = options.from ?? REF;
    const old =
      from === "pristine"
        ? pristineFile(sysroot, deployment, path)
        : await snapshotFile(sysroot, deployment, { path, from });
    await recordNow(sysroot, deployment, `before restoring /etc/${toText(path)}`);
    put(sysroot, etcPath(sysroot, deployment), path, old);
    return { path: `/etc/${toText(path)}`, from };
  });
}

/** A path below `/etc`. @throws AtomicError usage on `..`, empty parts or none at all */
function parseEtcPath(text: string): ByteString {
  const relative = text.replace(/^\/etc\//, "");
  const parts = relative.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..") || text.includes("\0")) {
    throw new AtomicError("usage", `reading ${JSON.stringify(text)}: expected a path below /etc`);
  }
  return fromText(relative);
}

function pristineFile(sysroot: Sysroot, deployment: Deployment, path: ByteString): Old {
  let node: EtcNode | undefined = pristineEtc(lazyTree(sysroot.repo, deployment.commit));
  for (const name of path.split("/") as ByteString[])
    node = node?.kind === "directory" ? node.children.get(name) : undefined;
  if (node === undefined) throw absent(path, "the image has no such file");
  if (node.kind === "symlink") return { meta: node, content: { kind: "symlink", target: node.target } };
  if (node.kind !== "file") throw notAFile(path, node.kind);
  const bytes = node.size === 0 ? Buffer.alloc(0) : readObject(sysroot.repo, node.checksum, "file", MAX_FILE);
  return { meta: node, content: { kind: "file", bytes } };
}

async function snapshotFile(
  sysroot: Sysroot,
  { stateroot }: Deployment,
  { path, from }: { path: ByteString; from: string },
): Promise<Old> {
  const git = await loadGit();
  const gitdir = etcGitPath(sysroot, stateroot);
  const repo = { fs: createEtcGitFs(sysroot.disk, gitdir), gitdir };
  const rev = await (
    from === REF ? git.resolveRef({ ...repo, ref: REF }) : git.expandOid({ ...repo, oid: from })
  ).catch((cause: unknown) => {
    throw new AtomicError("not-found", `restoring /etc/${toText(path)}: no snapshot ${from}`, {
      hint: "atomic host etc log",
      cause,
    });
  });
  const filepath = (path.split("/") as ByteString[]).map(gitName).join("/");
  const held = parseGitMeta(
    Buffer.from((await git.readBlob({ ...repo, oid: rev, filepath: META_FILE })).blob).toString("utf8"),
  );
  let mode = "040000";
  let tree = await git.readTree({ ...repo, oid: rev });
  for (const name of filepath.split("/")) {
    const entry = mode === "040000" ? tree.tree.find((candidate) => candidate.path === name) : undefined;
    if (entry === undefined) throw absent(path, `snapshot ${rev.slice(0, 12)} has no such file`);
    mode = entry.mode;
    if (entry.type === "tree") tree = await git.readTree({ ...repo, oid: entry.oid });
  }
  if (mode === "040000") throw notAFile(path, "directory");
  const bytes = Buffer.from((await git.readBlob({ ...repo, oid: rev, filepath })).blob);
  const special = held.get(filepath);
  const meta: InodeMeta = {
    mode: special === undefined ? (mode === "100755" ? 0o755 : 0o644) : Number.parseInt(special.mode, 8),
    uid: special?.uid ?? 0,
    gid: special?.gid ?? 0,
    mtime: Math.floor(Date.now() / 1000),
    mtimeNsec: 0,
    xattrs: (special?.xattrs ?? []).map(([name, value]) => ({
      name: name as ByteString,
      value: fromBytes(Buffer.from(value, "base64")),
    })),
  };
  return { meta, content: mode === "120000" ? { kind: "symlink", target: fromBytes(bytes) } : { kind: "file", bytes } };
}

async function recordNow(sysroot: Sysroot, deployment: Deployment, message: string): Promise<void> {
  const history = await openEtcHistory(sysroot, deployment.stateroot);
  const live = openEtc(etcPath(sysroot, deployment));
  try {
    await history.record(live, message, { onlyIfChanged: true });
    history.save();
  } finally {
    closeEtc(live);
  }
}

/** Replaces `path` below `root` in one step; its parent is reached without following a symlink. */
function put({ disk }: Sysroot, root: string, path: ByteString, { meta, content }: Old): void {
  const parent = openParent(root, path);
  try {
    const directory = Buffer.from(`/proc/self/fd/${parent}/`);
    const name = toBytes(path.slice(path.lastIndexOf("/") + 1) as ByteString);
    const present = statIfExists(parent, name);
    if (present !== undefined && (present.mode & S_IFMT) === S_IFDIR) throw notAFile(path, "directory");
    const unfinished = Buffer.concat([directory, Buffer.from(".atomic-restore.tmp")]);
    disk.removeTree(unfinished);
    if (content.kind === "symlink") disk.symlink(toBytes(content.target), unfinished);
    else {
      const file = disk.create(unfinished, 0o600);
      try {
        file.write(content.bytes);
        file.sync();
      } finally {
        file.close();
      }
    }
    disk.setMetadata(unfinished, meta);
    disk.rename(unfinished, Buffer.concat([directory, name]));
    disk.barrier(Buffer.from(root));
  } finally {
    close(parent);
  }
}

function openParent(root: string, path: ByteString): number {
  const etc = open(root, O_PATH | O_DIRECTORY);
  try {
    const slash = path.lastIndexOf("/");
    const parent = slash === -1 ? "." : toBytes(path.slice(0, slash) as ByteString);
    return openAt2(etc, parent, { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS });
  } finally {
    close(etc);
  }
}

function absent(path: ByteString, why: string): AtomicError {
  return new AtomicError("not-found", `restoring /etc/${toText(path)}: ${why}`, { hint: "atomic host etc log" });
}

function notAFile(path: ByteString, kind: string): AtomicError {
  return new AtomicError("invalid", `restoring /etc/${toText(path)}: expected a file or symlink, found a ${kind}`);
}
