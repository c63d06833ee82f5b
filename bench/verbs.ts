/** How each program is asked for the same thing: the arguments after the program's name. */
import { join } from "node:path";
import type { Tool } from "./case.ts";

type Arguments = string[];

export interface Verbs {
  version(): Arguments;
  /** An empty store at `store`. */
  initStore(store: string): Arguments;
  /** Commits the directory `tree` to `ref`. */
  commit(store: string, ref: string, tree: string): Arguments;
  fsck(store: string): Arguments;
  /** Writes the tree of `ref` as files of its own. */
  copyOut(store: string, ref: string, target: string): Arguments;
  /** Brings `ref` from one store to another. */
  copyCommit(from: string, to: string, ref: string): Arguments;
  /** Writes what makes the commit of the second ref of that of the first to `file`. */
  makeDelta(store: string, refs: readonly [string, string], file: string): Arguments;
  applyDelta(store: string, file: string): Arguments;
  /** An empty store at `store`, of the kind that is offered over HTTP. */
  initPublisher(store: string): Arguments;
  /** Offers all refs of a store to those who pull. */
  publish(store: string): Arguments;
  /** Names the server at `url`, which needs no key. */
  addRemote(store: string, url: string): Arguments;
  /** Brings `ref` from that server. */
  pullRef(store: string, ref: string): Arguments;
  /** Makes the host at `sysroot` ready for its first deployment. */
  initSysroot(sysroot: string): Arguments[];
  /** Where the host's store is. */
  storeOf(sysroot: string): string;
  /** Where the host's deployments are: directories `<commit>.<serial>`. */
  deploymentsOf(sysroot: string): string;
  deploy(sysroot: string, ref: string): Arguments;
  /** Deploys without removing an older deployment. */
  deployBeside(sysroot: string, ref: string): Arguments;
  status(sysroot: string): Arguments;
  /** Makes the tree of `ref`, which is deployed, ready to read at `target`. */
  makeReadable(sysroot: string, ref: string, target: string): Arguments;
  /** Undoes `makeReadable`; none when there is nothing to undo. */
  releaseReadable(sysroot: string, target: string): Arguments[];
}

const STATEROOT = "debian";

const ostree: Verbs = {
  version: () => ["--version"],
  initStore: (store) => ["init", `--repo=${store}`, "--mode=bare"],
  commit: (store, ref, tree) => ["commit", `--repo=${store}`, `--branch=${ref}`, `--tree=dir=${tree}`],
  fsck: (store) => ["fsck", `--repo=${store}`, "--quiet"],
  copyOut: (store, ref, target) => ["checkout", `--repo=${store}`, "--force-copy", ref, target],
  copyCommit: (from, to, ref) => ["pull-local", `--repo=${to}`, from, ref],
  makeDelta: (store, [from, to], file) => [
    ...["static-delta", "generate", `--repo=${store}`, `--from=${from}`, `--to=${to}`],
    ...["--inline", "--min-fallback-size=0", `--filename=${file}`],
  ],
  applyDelta: (store, file) => ["static-delta", "apply-offline", `--repo=${store}`, file],
  initPublisher: (store) => ["init", `--repo=${store}`, "--mode=archive"],
  publish: (store) => ["summary", `--repo=${store}`, "--update"],
  addRemote: (store, url) => ["remote", "add", `--repo=${store}`, "--no-gpg-verify", "origin", url],
  pullRef: (store, ref) => ["pull", `--repo=${store}`, "origin", ref],
  initSysroot: (sysroot) => [
    ["admin", "init-fs", sysroot],
    ["admin", "stateroot-init", `--sysroot=${sysroot}`, STATEROOT],
  ],
  storeOf: (sysroot) => join(sysroot, "ostree/repo"),
  deploymentsOf: (sysroot) => join(sysroot, "ostree/deploy", STATEROOT, "deploy"),
  deploy: (sysroot, ref) => ["admin", "deploy", `--sysroot=${sysroot}`, `--stateroot=${STATEROOT}`, ref],
  deployBeside: (sysroot, ref) => [...ostree.deploy(sysroot, ref), "--retain"],
  status: (sysroot) => ["admin", "status", `--sysroot=${sysroot}`],
  makeReadable: (sysroot, ref, target) => [
    "checkout",
    `--repo=${ostree.storeOf(sysroot)}`,
    "--require-hardlinks",
    ref,
    target,
  ],
  releaseReadable: () => [],
};

const atomic: Verbs = {
  version: () => ["--version"],
  initStore: (store) => ["repo", "init", "--repo", store],
  commit: (store, ref, tree) => ["repo", "commit", "--repo", store, "--ref", ref, "--tree", tree],
  fsck: (store) => ["repo", "fsck", "--repo", store],
  copyOut: (store, ref, target) => ["repo", "checkout", "--repo", store, ref, target],
  copyCommit: (from, to, ref) => ["repo", "pull", "--repo", to, from, ref],
  makeDelta: (store, [from, to], file) => [
    ...["repo", "delta", "--repo", store, "--from", from, "--to", to],
    ...["--output", file],
  ],
  applyDelta: (store, file) => ["repo", "apply-delta", "--repo", store, file],
  initPublisher: (store) => atomic.initStore(store),
  publish: (store) => ["repo", "summary", "--repo", store],
  addRemote: (store, url) => ["remote", "add", "origin", url, "--insecure", "--repo", store],
  pullRef: (store, ref) => ["repo", "pull", `origin:${ref}`, "--repo", store],
  initSysroot: (sysroot) => [["host", "init", "--sysroot", sysroot, "--stateroot", STATEROOT]],
  storeOf: (sysroot) => join(sysroot, "atomic/repo"),
  deploymentsOf: (sysroot) => join(sysroot, "atomic/deploy", STATEROOT, "deploy"),
  deploy: (sysroot, ref) => ["host", "deploy", "--sysroot", sysroot, ref],
  deployBeside: (sysroot, ref) => [...atomic.deploy(sysroot, ref), "--retain", "1000"],
  status: (sysroot) => ["host", "status", "--sysroot", sysroot],
  makeReadable: (sysroot, _, target) => ["host", "mount", "--sysroot", sysroot, "0", target],
  releaseReadable: (sysroot, target) => [["host", "unmount", "--sysroot", sysroot, target]],
};

/** Both programs' verbs. */
export const VERBS: Record<Tool, Verbs> = { ostree, atomic };
