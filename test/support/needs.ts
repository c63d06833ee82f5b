/** What a test may need of the machine, and the reason it prints when that is missing. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Needs {
  root?: boolean;
  /** May mount: root, inside the private mount namespace that `test/run.ts` makes. */
  mounts?: boolean;
  /** May make user namespaces, which nobody can inside a chroot. */
  userNamespaces?: boolean;
  /** Programs that must be in `PATH`. */
  programs?: readonly string[];
  /** Files or devices that must exist and be readable. */
  files?: readonly string[];
}

/** The first thing of `needs` this machine lacks, as a reason to skip; undefined when it has all. */
export function unmet(needs: Needs): string | undefined {
  if (needs.root === true && process.getuid?.() !== 0) return "needs root";
  if (needs.mounts === true && process.env["ATOMIC_TEST_MOUNTS"] !== "private") {
    return "needs root and a private mount namespace";
  }
  if (needs.userNamespaces === true && spawnSync("unshare", ["--user", "true"]).status !== 0) {
    return "needs user namespaces, which a chroot cannot make";
  }
  const program = needs.programs?.find((name) => !hasProgram(name));
  if (program !== undefined) return `needs the program ${program}`;
  const file = needs.files?.find((path) => !isReadable(path));
  return file === undefined ? undefined : `needs ${file}`;
}

function hasProgram(name: string): boolean {
  const directories = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories.some((directory) => directory !== "" && existsSync(join(directory, name)));
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
