/**
 * Peers: the real programs that tests and benchmarks compare with. One that is not installed comes from a newer Debian,
 * unpacked once into `$ATOMIC_PEERS` (default /var/tmp/atomic-peers) and run with that tree's own libraries.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { extractDebian } from "./debian-extract.ts";

export interface Peer {
  /** What to put before the program's arguments; empty when it is missing. */
  argv: readonly string[];
  /** Why there is none, as a reason to skip. */
  missing: string | undefined;
}

export interface PeerOptions {
  /** The Debian package that holds the program; by default named like the program. */
  package?: string;
  /** The Debian suite to take it from, also when another version is installed. */
  suite?: string;
}

const DEFAULT_SUITE = "forky";
const DEFAULT_CACHE = "/var/tmp/atomic-peers";
const PROGRAM_DIRECTORIES = ["usr/bin", "usr/sbin", "bin", "sbin"];
/** Below the library directory, where systemd keeps its private libraries. */
const PRIVATE_LIBRARIES = ["", "systemd"];

/** The peer `program`, made available if need be. */
export function peer(program: string, options: PeerOptions = {}): Peer {
  const { package: name = program, suite = DEFAULT_SUITE } = options;
  const installed = options.suite === undefined ? findInstalled(program) : undefined;
  if (installed !== undefined) return { argv: [installed], missing: undefined };
  try {
    return { argv: argvInTree(unpacked(name, suite), program), missing: undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { argv: [], missing: `needs the peer program ${program} (Debian ${suite}, package ${name}): ${reason}` };
  }
}

function findInstalled(program: string): string | undefined {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, program))
    .find(existsSync);
}

/** The directory with the package's tree. */
function unpacked(name: string, suite: string): string {
  const cache = process.env["ATOMIC_PEERS"] ?? DEFAULT_CACHE;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(cache);
  // What lies here will be run: nobody else may have put it there.
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) throw new Error(`${cache} could be written by others`);

  const tree = join(cache, `${suite}-${name}`);
  if (existsSync(tree)) return tree;
  const fresh = `${tree}.${process.pid}`;
  try {
    extractDebian([name], suite, fresh);
    renameSync(fresh, tree);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(tree)) throw error; // else another process was faster
  }
  return tree;
}

/** Starts `program` of an unpacked tree through that tree's dynamic loader. */
function argvInTree(tree: string, program: string): string[] {
  const path = PROGRAM_DIRECTORIES.map((directory) => join(tree, directory, program)).find(existsSync);
  const libraries = readdirSync(join(tree, "usr/lib"))
    .filter((name) => name.endsWith("-linux-gnu"))
    .flatMap((name) => PRIVATE_LIBRARIES.map((below) => join(tree, "usr/lib", name, below)))
    .filter((directory) => existsSync(directory));
  const loader = libraries
    .flatMap((directory) =>
      readdirSync(directory)
        .filter((name) => name.startsWith("ld-linux"))
        .map((name) => join(directory, name)),
    )
    .at(0);
  if (path === undefined || loader === undefined) throw new Error(`${tree} has no ${program} or no dynamic loader`);
  return [loader, "--library-path", libraries.join(":"), path];
}
