/**
 * The pair of host trees that benchmarks compare: Debian's release suite, and the same with its updates.
 *
 * Both are composed once as plain directories and then reused: `bun bench/debian-pair.ts` makes and describes them.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { composeTree, loadComposeFile } from "../src/deploy/index.ts";
import { createProgress, type Progress } from "../src/progress.ts";

const IMAGES = resolve(import.meta.dirname, "../images/host");
const DEFAULT_DIRECTORY = "/var/tmp/atomic-pair";

export interface PairTree {
  /** The tree's directory. */
  path: string;
  /** Everything but directories. */
  files: number;
  /** Bytes in regular files, names of one file counted once. */
  bytes: number;
}

export interface DebianPair {
  v1: PairTree;
  v2: PairTree;
  /** Packages that are in both trees in different versions, or in one of them only; a renamed kernel counts once. */
  differingPackages: number;
}

/**
 * The pair in `directory` (environment ATOMIC_PAIR), composed if it is not there. Composing needs root and a mirror.
 * @throws AtomicError as `composeTree`
 */
export function debianPair(
  directory = process.env["ATOMIC_PAIR"] ?? DEFAULT_DIRECTORY,
  progress?: Progress,
): DebianPair {
  const v1 = composeOnce("debian.yaml", join(directory, "v1"), progress);
  const v2 = composeOnce("debian-updates.yaml", join(directory, "v2"), progress);
  return { v1: measure(v1), v2: measure(v2), differingPackages: countDifferences(installed(v1), installed(v2)) };
}

/** A tree gets its name when it is whole, so that an interrupted one is never reused. */
function composeOnce(file: string, tree: string, progress?: Progress): string {
  if (existsSync(tree)) return tree;
  const unfinished = `${tree}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(resolve(tree, ".."), { recursive: true, mode: 0o755 });
  composeTree(loadComposeFile(join(IMAGES, file)), unfinished, progress);
  renameSync(unfinished, tree);
  return tree;
}

function measure(path: string): PairTree {
  const seen = new Set<number>();
  const tree: PairTree = { path, files: 0, bytes: 0 };
  const enter = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const child = join(directory, entry.name);
      if (entry.isDirectory()) {
        enter(child);
        continue;
      }
      const { ino, size } = lstatSync(child);
      tree.files++;
      if (entry.isFile() && !seen.has(ino)) tree.bytes += size;
      seen.add(ino);
    }
  };
  enter(path);
  return tree;
}

/** Package to version; the kernel's version is left out of its package's name. */
function installed(tree: string): Map<string, string> {
  const status = readFileSync(join(tree, "usr/lib/sysimage/dpkg/status"), "utf8");
  return new Map(
    status.split("\n\n").flatMap((stanza) => {
      const name = /^Package: (.*)$/m.exec(stanza)?.[1]?.replace(/^(linux-image)-[0-9].*?(?=-[a-z])/, "$1-*");
      const version = /^Version: (.*)$/m.exec(stanza)?.[1];
      return name === undefined || version === undefined ? [] : [[name, version] as const];
    }),
  );
}

function countDifferences(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): number {
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).length;
}

if (import.meta.main) {
  const sink = {
    write: (text: string) => void process.stderr.write(text),
    isTTY: false,
    columns: 80,
    now: () => performance.now(),
  };
  const { v1, v2, differingPackages } = debianPair(undefined, createProgress("plain", sink));
  for (const { path, files, bytes } of [v1, v2]) console.log(`${path}: ${files} files, ${bytes} bytes`);
  console.log(`${differingPackages} packages differ`);
}
