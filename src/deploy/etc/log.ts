import { existsSync } from "node:fs";
import { join } from "node:path";
import { chooseStateroot } from "../default-stateroot.ts";
import { createEtcGitFs } from "./git-fs.ts";
import { etcGitPath, loadGit, REF } from "./history.ts";
import { loadHostState } from "../host-state.ts";
import type { Sysroot } from "../sysroot.ts";

/** A snapshot of `/etc`. */
export interface EtcSnapshot {
  /** The git commit in `etc.git`. */
  rev: string;
  /** Seconds since the epoch. */
  time: number;
  /** What happened, one line. */
  subject: string;
}

/** The snapshots of a stateroot's `/etc`, newest first. @throws AtomicError not-found */
export async function etcLog(
  sysroot: Sysroot,
  { stateroot, limit }: { stateroot?: string; limit?: number } = {},
): Promise<EtcSnapshot[]> {
  const gitdir = etcGitPath(sysroot, chooseStateroot(sysroot, loadHostState(sysroot), stateroot));
  if (!existsSync(join(gitdir, REF))) return [];
  const git = await loadGit();
  const fs = createEtcGitFs(sysroot.disk, gitdir);
  const entries = await git.log({ fs, gitdir, ref: REF, ...(limit === undefined ? {} : { depth: limit }) });
  return entries.map(({ oid, commit }) => ({
    rev: oid,
    time: commit.committer.timestamp,
    subject: commit.message.split("\n", 1)[0] ?? "",
  }));
}
