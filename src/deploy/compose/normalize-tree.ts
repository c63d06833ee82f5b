/** Turns an installed root directory into a host tree: the same packages, laid out as a deployment needs them. */
import { chmodSync, lutimesSync, renameSync, rmSync, type Stats, symlinkSync, writeFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { moveKernel } from "./kernel.ts";
import { inTree, makeDirectories, namesInTree, parentOf, removeInTree, statInTree, walkTree } from "./paths.ts";
import { CLEANUP, type CleanupRule, SYSIMAGE, TOPLEVEL_DIRECTORIES, TOPLEVEL_LINKS } from "./rules.ts";
import { varToTmpfiles } from "./var.ts";

/** The steps in their order. */
export const NORMALIZE_STEPS: readonly { name: string; why: string; run: (root: string, timestamp: number) => void }[] =
  [
    {
      name: "cleaning up",
      why: "first, so that nothing of the build is moved on",
      run: (root) => cleanTree(root, CLEANUP),
    },
    {
      name: "moving the kernel",
      why: "a deployment's kernel belongs to its /usr, and /boot is not the image's",
      run: moveKernel,
    },
    { name: "emptying /boot", why: "after the kernel has left it", run: emptyBoot },
    { name: "moving /etc to /usr/etc", why: "the pristine copy that /etc is merged from", run: moveEtc },
    { name: "emptying /var", why: "after /home and the like have joined it", run: emptyVar },
    { name: "making mount points", why: "the root is read-only: what is mounted on must be there", run: makeTopLevel },
    { name: "setting times", why: "last, since every step before changes some", run: setTimes },
  ];

/**
 * Normalizes the tree at `root`, a scratch directory on one filesystem. No time in it is left later than `timestamp`
 * (seconds), so the same packages give the same tree whenever it is built. Needs root for owners.
 * @throws AtomicError invalid when the tree has not exactly one kernel, no /etc, or what cannot be moved
 */
export function normalizeTree(root: string, timestamp: number): void {
  for (const { run } of NORMALIZE_STEPS) run(root, timestamp);
}

/** Applies cleanup rules in their order. */
export function cleanTree(root: string, rules: readonly CleanupRule[]): void {
  for (const rule of rules) {
    for (const path of matches(root, rule)) applyRule(root, rule, path);
  }
}

function applyRule(root: string, { action, content }: CleanupRule, path: string): void {
  if (action === "remove") return removeInTree(root, path);
  if (action === "write") return writeFileSync(inTree(root, path), content ?? "", { mode: 0o444 });
  if (statInTree(root, path)?.isDirectory() !== true) return;
  if (action === "empty") return namesInTree(root, path).forEach((name) => removeInTree(root, `${path}/${name}`));
  walkTree(root, path, (child, stat) => {
    if (!stat.isDirectory()) rmSync(inTree(root, child));
  });
}

/** The paths a rule is about: those that exist, and the one that is to be written. */
function matches(root: string, { path: pattern, action }: CleanupRule): string[] {
  const parent = parentOf(pattern);
  if (parent !== "" && statInTree(root, parent)?.isDirectory() !== true) return [];
  if (!pattern.includes("*")) return action === "write" || statInTree(root, pattern) !== undefined ? [pattern] : [];
  const last = pattern.slice(parent === "" ? 0 : parent.length + 1);
  const expression = new RegExp(`^${last.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, ".*")}$`, "s");
  return namesInTree(root, parent)
    .filter((name) => expression.test(name))
    .map((name) => (parent === "" ? name : `${parent}/${name}`));
}

function emptyBoot(root: string): void {
  if (statInTree(root, "boot") !== undefined) removeInTree(root, "boot");
}

function moveEtc(root: string): void {
  if (statInTree(root, "etc")?.isDirectory() !== true)
    throw new AtomicError("invalid", "composing: the tree has no /etc");
  if (statInTree(root, "usr/etc") !== undefined)
    throw new AtomicError("invalid", "composing: the tree has both /etc and /usr/etc");
  makeDirectories(root, "usr");
  renameSync(inTree(root, "etc"), inTree(root, "usr/etc"));
}

function emptyVar(root: string): void {
  makeDirectories(root, "var/lib");
  for (const { path, target } of TOPLEVEL_LINKS) joinVar(root, path, target);
  const links = new Map<string, string>();
  for (const { path } of SYSIMAGE) {
    if (statInTree(root, `var/lib/${path}`) === undefined) continue;
    makeDirectories(root, parentOf(`usr/lib/sysimage/${path}`));
    renameSync(inTree(root, `var/lib/${path}`), inTree(root, `usr/lib/sysimage/${path}`));
    links.set(`/var/lib/${path}`, `/usr/lib/sysimage/${path}`);
  }
  varToTmpfiles(root, links);
}

/** Moves a toplevel directory into /var and leaves a link to it. */
function joinVar(root: string, path: string, target: string): void {
  const stat = statInTree(root, path);
  if (stat?.isSymbolicLink() === true) removeInTree(root, path);
  else if (stat === undefined) makeDirectories(root, target);
  else {
    const inTheWay = statInTree(root, target)?.isDirectory() === true ? namesInTree(root, target) : [];
    if (inTheWay.length > 0)
      throw new AtomicError("invalid", `composing: cannot move /${path} to /${target}, which is not empty`);
    removeInTree(root, target);
    renameSync(inTree(root, path), inTree(root, target));
  }
  symlinkSync(target, inTree(root, path));
}

function makeTopLevel(root: string): void {
  for (const { path, mode } of TOPLEVEL_DIRECTORIES) {
    makeDirectories(root, path);
    chmodSync(inTree(root, path), mode);
  }
  chmodSync(root, 0o755);
}

/**
 * A directory is as old as the newest thing in it, and an empty one has no time: when packages were unpacked says nothing
 * of the tree, and would make every dirtree of the next version a new one.
 */
function setTimes(root: string, timestamp: number): void {
  const settle = (path: string, stat: Stats): number => {
    const newest = stat.isDirectory() ? newestIn(path) : Math.min(stat.mtimeMs / 1000, timestamp);
    if (newest !== stat.mtimeMs / 1000) lutimesSync(inTree(root, path), newest, newest);
    return newest;
  };
  const newestIn = (path: string): number => {
    const children = namesInTree(root, path).map((name) => (path === "" ? name : `${path}/${name}`));
    return Math.max(0, ...children.map((child) => settle(child, statInTree(root, child)!)));
  };
  const newest = newestIn("");
  lutimesSync(inTree(root, "."), newest, newest);
}
