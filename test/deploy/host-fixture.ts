/** A sysroot in a temporary directory, and small OS trees to deploy in it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hostStatus, initHost, type Sysroot } from "../../src/deploy/index.ts";
import type { Checksum } from "../../src/digest.ts";
import { createDurable, type Durable } from "../../src/durable.ts";
import { isAtomicError } from "../../src/errors.ts";
import { commitTree, parseRefName } from "../../src/ostree/index.ts";

/** Path → content; a path ending in `/` is a directory, a content starting with `-> ` a symlink. */
export type Files = Record<string, string>;

export interface Host {
  /** The temporary directory. */
  base: string;
  sysroot: Sysroot;
  /** Commits a small host tree, `files` added to or replacing what `hostFiles` gives. */
  commit(version: string, files?: Files, ref?: string): Promise<Checksum>;
  remove(): void;
}

export const KERNEL = "6.1.0-test";

/** What every tree of these tests holds. */
function hostFiles(version: string): Files {
  return {
    "usr/bin/tool": `tool ${version}\n`,
    "usr/lib/os-release": `NAME=Test\nPRETTY_NAME="Test OS"\nVERSION_ID=${version}\n`,
    [`usr/lib/modules/${KERNEL}/vmlinuz`]: "kernel of all versions\n",
    [`usr/lib/modules/${KERNEL}/initramfs.img`]: `initramfs ${version}\n`,
    "usr/etc/hostname": "host\n",
    "usr/etc/motd": `welcome to ${version}\n`,
    "usr/etc/app/app.conf": "1\n2\n3\n4\n5\n",
    "usr/etc/app/link": "-> app.conf",
    "etc/": "",
    "var/": "",
    "sysroot/": "",
    "boot/": "",
    "proc/": "",
  };
}

/** A new sysroot in a new temporary directory below `parent`. */
export async function makeHost({
  disk = createDurable(),
  parent = tmpdir(),
}: { disk?: Durable; parent?: string } = {}): Promise<Host> {
  const base = mkdtempSync(join(parent, "atomic-deploy-"));
  const path = join(base, "sysroot");
  mkdirSync(path);
  const { sysroot } = await initHost(path, { disk });
  let timestamp = 1_700_000_000;
  return {
    base,
    sysroot,
    async commit(version, files = {}, ref = "os/stable") {
      const tree = join(base, `tree-${version}`);
      rmSync(tree, { recursive: true, force: true });
      writeTree(tree, { ...hostFiles(version), ...files });
      timestamp += 1000;
      const { commit } = await commitTree(sysroot.repo, { tree, ref: parseRefName(ref), version, timestamp });
      return commit;
    },
    remove: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Writes files as `Files` describes them. */
function writeTree(root: string, files: Files): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    if (path.endsWith("/")) continue;
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else {
      writeFileSync(full, content);
      chmodSync(full, 0o644);
      utimesSync(full, 1_600_000_000, 1_600_000_000);
    }
  }
}

/** The live `/etc` of the deployment at `index` in boot order. */
export function etcOf(sysroot: Sysroot, index = 0): string {
  const { stateroot, id } = hostStatus(sysroot).deployments[index]!;
  return join(sysroot.path, "atomic/deploy", stateroot, "deploy", id, "etc");
}

/** The kernel's command line when the deployment at `index` is booted. */
export function bootedLine(sysroot: Sysroot, index = 0): string {
  const { stateroot, id } = hostStatus(sysroot).deployments[index]!;
  return `BOOT_IMAGE=/vmlinuz root=LABEL=x atomic=${stateroot}/${id} quiet\n`;
}

/** One word for each deployment in boot order: its version, `*` booted, `+` pending, `-` rollback, `!` pinned, `~` staged. */
export function summary(sysroot: Sysroot, commandLine?: string): string {
  return hostStatus(sysroot, commandLine)
    .deployments.map(
      ({ version, booted, pending, rollback, pinned, staged }) =>
        `${version}${booted ? "*" : ""}${pending ? "+" : ""}${rollback ? "-" : ""}${pinned ? "!" : ""}${staged ? "~" : ""}`,
    )
    .join(" ");
}

/** The code of the AtomicError that `work` fails with. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (isAtomicError(error)) return error.code;
    throw error;
  }
  return "none";
}
