/**
 * The disk that virtual machines start from: a Debian 13 host made by `atomic` itself, with version 1 deployed and
 * version 2 in the store. Made once, and kept in `VM_CACHE` until what it is made of
 * changes.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { installedEntries, type InstalledEntry, readBootDirectory } from "../../src/bootloader/index.ts";
import { createHasher } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { withFileLock } from "../../src/ostree/index.ts";
import { run } from "../../src/spawn.ts";
import { tempDir } from "../support/temp.ts";
import { qemu, VM_CACHE } from "./qemu.ts";

export interface HostDisk {
  /** A raw image of one ext4 filesystem; nobody writes to it. */
  image: string;
  /** A copy of its /boot. */
  boot: string;
}

/** The ref both versions are committed to. */
export const REF = "vm/host";
/** As in the image's kernel arguments. */
const LABEL = "atomic-root";
const SIZE = "3G";
const ROOT = resolve(import.meta.dirname, "../..");
const ATOMIC = join(ROOT, "dist/bin/atomic");
/** What the disk is made of. */
const SOURCES = ["dist/bin", "dist/lib", "images/host", "test/vm/image", "test/vm/host-disk.ts"];
const COMPOSE_MS = 600_000;
const UNUSED_MS = 3_600_000;

/** The disk, made if need be; of those who want it at the same time, one makes it. @throws AtomicError child-failed, not-found */
export async function hostDisk(): Promise<HostDisk> {
  const directory = join(VM_CACHE, sourcesKey());
  await whenFree(`${VM_CACHE}.lock`, () => {
    mkdirSync(VM_CACHE, { recursive: true, mode: 0o700 });
    removeUnused();
    if (!existsSync(directory)) {
      const unfinished = `${directory}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      makeDisk(unfinished);
      renameSync(unfinished, directory);
    }
    utimesSync(directory, new Date(), new Date());
  });
  return { image: join(directory, "disk.ext4"), boot: join(directory, "boot") };
}

/** A new disk with the content of `base`, for one test to change. */
export function scratchDisk({ image }: HostDisk): string {
  const path = join(tempDir(), "disk.qcow2");
  run([...qemu().image, "create", "-q", "-f", "qcow2", "-b", image, "-F", "raw", path]);
  return path;
}

/** Our boot entries, the default first, from the text of the files in `loader/entries`. */
export function bootEntries(files: Readonly<Record<string, string>>): InstalledEntry[] {
  const directory = tempDir();
  mkdirSync(join(directory, "loader/entries"), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, "loader/entries", name), text);
  return installedEntries(readBootDirectory(directory), "/boot");
}

/** QEMU's arguments to start an entry without a loader; `kargs` come after its own. */
export function directBoot({ boot }: HostDisk, entry: InstalledEntry, kargs: readonly string[] = []): string[] {
  const initrd = entry.initrd.map((path) => join(boot, path)).join(",");
  return ["-kernel", join(boot, entry.linux), "-initrd", initrd, "-append", [...entry.kargs, ...kargs].join(" ")];
}

/** The entries the disk was made with. */
export function firstEntries({ boot }: HostDisk): InstalledEntry[] {
  return installedEntries(readBootDirectory(boot), "/boot");
}

/** Disks of former sources; another run may still be using a recent one. */
function removeUnused(): void {
  for (const name of readdirSync(VM_CACHE)) {
    const path = join(VM_CACHE, name);
    if (Date.now() - statSync(path).mtimeMs > UNUSED_MS) rmSync(path, { recursive: true });
  }
}

/** Waits for as long as it takes: the runner's time-out ends it. */
async function whenFree(path: string, work: () => void): Promise<void> {
  for (;;) {
    try {
      return await withFileLock(path, work);
    } catch (error) {
      if (!isAtomicError(error, "locked")) throw error;
    }
  }
}

function makeDisk(directory: string): void {
  const [sysroot, tree] = [join(directory, "sysroot"), join(directory, "tree")];
  mkdirSync(sysroot, { recursive: true });
  const atomic = (...args: string[]) => run([ATOMIC, ...args], { timeout: COMPOSE_MS, env: environment(sysroot) });
  atomic("host", "init", "--stateroot", "os");
  atomic("compose", join(import.meta.dirname, "image/host.yaml"));
  atomic("host", "deploy", REF);
  atomic("repo", "checkout", REF, tree);
  writeFileSync(join(tree, "usr/share/vm-test/version"), "2\n");
  writeFileSync(join(tree, "usr/etc/vm-test.conf"), "first = image 2\nsecond = image\nthird = image\n");
  atomic("repo", "commit", "--tree", tree, "--ref", REF, "--version", "2");
  run(["mke2fs", "-q", "-t", "ext4", "-O", "verity", "-L", LABEL, "-d", sysroot, join(directory, "disk.ext4"), SIZE]);
  cpSync(join(sysroot, "boot"), join(directory, "boot"), { recursive: true });
  for (const path of [sysroot, tree]) rmSync(path, { recursive: true });
}

function environment(sysroot: string): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return { ...(Object.fromEntries(inherited) as Record<string, string>), ATOMIC_SYSROOT: sysroot };
}

function sourcesKey(): string {
  const hasher = createHasher();
  for (const source of SOURCES) {
    const path = join(ROOT, source);
    const names = source.endsWith(".ts") ? [""] : readdirSync(path, { recursive: true, encoding: "utf8" }).sort();
    for (const name of names) addToKey(join(path, name), (bytes) => hasher.update(bytes));
  }
  return hasher.digest().slice(0, 16);
}

function addToKey(path: string, add: (bytes: Buffer) => void): void {
  add(Buffer.from(`${path}\0`));
  try {
    add(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EISDIR") throw error;
  }
}
