/** Building a host tree as a directory, step by step, from a checked compose file. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { checkKeyring, installDebian, makeInitramfs, setUnits } from "./debian.ts";
import type { ComposeFile, DebianBase } from "./file.ts";
import { copyOverlay, removePaths, writeInlineFiles, writeMachineSettings } from "./files.ts";
import { kernelVersion } from "./kernel.ts";
import { INSTALL_LEFTOVERS } from "./rules.ts";
import { debianSources, machineAptSources } from "./sources.ts";
import { cleanTree, NORMALIZE_STEPS } from "./normalize-tree.ts";

/** What a composed tree is, for its commit. */
export interface ComposedTree {
  /** The tree's directory. */
  tree: string;
  ref: string;
  version: string;
  subject: string;
  /** Seconds since the epoch. */
  timestamp: number;
  /** The kernel's version. */
  kernel: string;
}

/**
 * Builds the host tree of `file` in `root`, a new directory outside any sysroot. Needs root.
 *
 * The files of the compose file come after the packages and before the initramfs, which may hold some of them.
 * @throws AtomicError permission, exists, not-found (mirror, keyring, mmdebstrap, a path), child-failed, invalid
 */
export function composeTree(file: ComposeFile, root: string, progress: Progress = noProgress): ComposedTree {
  if (process.getuid?.() !== 0) {
    throw new AtomicError("permission", `composing ${file.ref}: files get their owners, which only root can do`, {
      hint: "sudo atomic compose FILE.yaml",
    });
  }
  if (existsSync(root)) throw new AtomicError("exists", `composing ${file.ref} in ${root}: it exists`);
  const umask = process.umask(0o022); // the caller's must not decide the tree's modes
  try {
    for (const { name, run, slow = false } of composeSteps(file)) {
      const task = progress.start(name, { announce: slow });
      run(root);
      task.finish();
    }
  } finally {
    process.umask(umask);
  }
  return {
    tree: root,
    ref: file.ref,
    version: file.version ?? defaultVersion(root, file.timestamp),
    subject: file.subject ?? `composed ${file.ref}`,
    timestamp: file.timestamp,
    kernel: kernelVersion(root),
  };
}

interface ComposeStep {
  name: string;
  /** Takes seconds in which it cannot report. */
  slow?: boolean;
  run: (root: string) => void;
}

function composeSteps(file: ComposeFile): ComposeStep[] {
  const { debian } = file;
  const steps: (ComposeStep | undefined)[] = [
    debian === undefined ? { name: "making the tree", run: makeRoot } : installStep(file, debian),
    { name: "adding files", run: (root) => addFiles(root, file) },
    debian && { name: "setting units", run: (root) => setUnits(root, file) },
    debian && { name: "making the initramfs", slow: true, run: (root) => makeInitramfs(root, file.timestamp) },
    { name: "removing files", run: (root) => removePaths(root, file.remove) },
    ...NORMALIZE_STEPS.map(({ name, run }) => ({ name, run: (root: string) => run(root, file.timestamp) })),
  ];
  return steps.filter((step) => step !== undefined);
}

function makeRoot(root: string): void {
  mkdirSync(root, 0o755);
}

/** What the machine lacks is found out here, before anything is downloaded. */
function installStep(file: ComposeFile, debian: DebianBase): ComposeStep {
  checkKeyring(debian.keyring);
  const sources = debianSources(debian, machineAptSources());
  return {
    name: `installing ${debian.suite}${debian.updates ? " with updates" : ""}`,
    slow: true,
    run(root) {
      installDebian(root, file, debian.suite, sources);
      cleanTree(root, INSTALL_LEFTOVERS);
    },
  };
}

function addFiles(root: string, file: ComposeFile): void {
  for (const overlay of file.overlays) copyOverlay(root, overlay);
  writeMachineSettings(root, file);
  writeInlineFiles(root, file.files);
}

/** `12.15.20261122`: the point release, then the day, so that a later state of the archive is a higher version. */
function defaultVersion(root: string, timestamp: number): string {
  const day = new Date(timestamp * 1000).toISOString().slice(0, 10).replaceAll("-", "");
  const file = `${root}/usr/etc/debian_version`;
  return existsSync(file) ? `${readFileSync(file, "utf8").trim()}.${day}` : day;
}
