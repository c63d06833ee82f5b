/** The packages an OS tree was made of, from the databases it carries. */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromText } from "../bytes.ts";
import type { Durable } from "../durable.ts";
import { isAtomicError } from "../errors.ts";
import { type DirectoryNode, lookup, readObject, type RegularNode, type Repo } from "../ostree/index.ts";
import { run } from "../spawn.ts";
import { type Packages, parseDpkgStatus } from "./dpkg-status.ts";

export interface TreePackages {
  packages: Packages;
  /** Why the list may be incomplete. */
  note?: string;
}

const DPKG = ["/usr/lib/sysimage/dpkg/status", "/usr/share/dpkg/status", "/var/lib/dpkg/status"];
const RPM = ["/usr/lib/sysimage/rpm/rpmdb.sqlite", "/usr/share/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite"];
const MAX_DATABASE = 1024 * 1024 * 1024;

/** The file that has the packages of a tree; undefined when it has none. */
export function packageDatabase(tree: DirectoryNode): RegularNode | undefined {
  return firstFile(tree, DPKG) ?? firstFile(tree, RPM);
}

/** Reads the package database of a tree; without one the list is empty. */
export function treePackages(repo: Repo, tree: DirectoryNode): TreePackages {
  const dpkg = firstFile(tree, DPKG);
  if (dpkg !== undefined) return { packages: parseDpkgStatus(contentOf(repo, dpkg).toString("utf8")) };
  const rpm = firstFile(tree, RPM);
  return rpm === undefined ? { packages: new Map() } : rpmPackages(repo.disk, contentOf(repo, rpm));
}

/** The database is copied out, because `rpm` locks and may rewrite what it reads. */
function rpmPackages(disk: Durable, database: Buffer): TreePackages {
  const scratch = join(tmpdir(), `atomic-rpmdb-${randomBytes(8).toString("hex")}`);
  disk.mkdir(scratch, 0o700);
  try {
    disk.replaceFile(join(scratch, "rpmdb.sqlite"), database, 0o600);
    const format = "%{NAME}.%{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n";
    const { stdout } = run(["rpm", "--dbpath", scratch, "--query", "--all", "--queryformat", format], {
      package: "rpm",
    });
    const lines = stdout.toString("utf8").split("\n");
    return {
      packages: new Map(lines.filter((line) => line !== "").map((line) => line.split(" ", 2) as [string, string])),
    };
  } catch (error) {
    if (!isAtomicError(error, "not-found")) throw error;
    return { packages: new Map(), note: "rpm database present, rpm program missing" };
  } finally {
    disk.removeTree(scratch);
  }
}

function firstFile(tree: DirectoryNode, paths: readonly string[]): RegularNode | undefined {
  return paths
    .map((path) => lookup(tree, fromText(path)))
    .find((node): node is RegularNode => node?.kind === "file" && node.size > 0);
}

function contentOf(repo: Repo, node: RegularNode): Buffer {
  return readObject(repo, node.checksum, "file", MAX_DATABASE);
}
