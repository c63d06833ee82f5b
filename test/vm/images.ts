/**
 * What virtual machines start from: two versions of a Debian 13 host that `atomic` composes, versions of it that cannot
 * boot, and disks with the first one installed. Made once, and kept in `VM_CACHE` until what they are made of changes.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { BOOTLOADER_NAMES, type BootloaderName } from "../../src/bootloader/index.ts";
import { createHasher } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { withFileLock } from "../../src/ostree/index.ts";
import { run } from "../../src/spawn.ts";
import { unmet } from "../support/needs.ts";
import { ATOMIC, atomic, ROOT } from "./atomic.ts";
import { BREAKAGES, commitBroken } from "./broken-hosts.ts";
import { qemu, VM_CACHE } from "./qemu.ts";

/** Files that nobody writes to. */
export interface VmImages {
  /** A store with version 1, and `broken/…` made of it. */
  store: string;
  /** An ext4 filesystem that is a store with version 2: what an upgrade pulls from. */
  update: string;
  /** Raw disks with version 1 installed. */
  disks: Readonly<Record<BootloaderName, string>>;
}

/** The ref both versions are committed to. */
export const REF = "vm/host";
/** What the images are made of. */
const SOURCES = [
  "dist/bin",
  "dist/lib",
  "images/host",
  "test/vm/image",
  "test/vm/images.ts",
  "test/vm/broken-hosts.ts",
];
const COMPOSE_MS = 900_000;
const UNUSED_MS = 3_600_000;
/** Room for both versions on the disk, and for two kernels beside the running one in /boot. */
const [DISK_SIZE, ESP_SIZE, UPDATE_SIZE] = ["3G", "320M", "2G"];
const execute = promisify(execFile);

/** Why machines cannot be run here, as a reason to skip. */
export function vmUnmet(): string | undefined {
  const programs = ["mmdebstrap", "mke2fs", "sfdisk", "mkfs.vfat", "fsck.vfat", "mcopy", "debugfs", "grub-mkimage"];
  const files = [
    ATOMIC,
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/lib/systemd/boot/efi/systemd-bootx64.efi",
    "/usr/lib/grub/x86_64-efi/kernel.img",
  ];
  return unmet({ root: true, mounts: true, programs, files }) ?? qemu().missing;
}

/** The images, made if need be; of those who want them at the same time, one makes them. @throws AtomicError, Error */
export async function vmImages(): Promise<VmImages> {
  const directory = join(VM_CACHE, sourcesKey());
  mkdirSync(VM_CACHE, { recursive: true, mode: 0o700 });
  await whenFree(join(VM_CACHE, "images.lock"), async () => {
    removeUnused();
    if (!existsSync(directory)) {
      const unfinished = `${directory}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      mkdirSync(unfinished);
      await makeImages(unfinished);
      renameSync(unfinished, directory);
    }
    utimesSync(directory, new Date(), new Date());
  });
  return imagesIn(directory);
}

function imagesIn(directory: string): VmImages {
  const disks = BOOTLOADER_NAMES.map((name) => [name, join(directory, `${name}.raw`)]);
  const update = join(directory, "update.ext4");
  return { store: join(directory, "store"), update, disks: Object.fromEntries(disks) as VmImages["disks"] };
}

async function makeImages(directory: string): Promise<void> {
  const { store, update, disks } = imagesIn(directory);
  const second = join(directory, "second");
  await Promise.all([compose(store, "host.yaml"), compose(second, "update.yaml")]);
  run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", second, update, UPDATE_SIZE]);
  rmSync(second, { recursive: true });
  for (const name of BOOTLOADER_NAMES) {
    const target = ["--to-disk", disks[name], "--size", DISK_SIZE, "--esp-size", ESP_SIZE];
    atomic("host", "install", ...target, "--bootloader", name, "--ref", REF, "--from", store, "--stateroot", "os");
  }
  const tree = join(directory, "tree");
  atomic("repo", "checkout", REF, tree, "--repo", store);
  for (const breakage of BREAKAGES) commitBroken(store, tree, breakage);
  rmSync(tree, { recursive: true });
}

/** Without blocking, so that two can be made at once. */
async function compose(store: string, file: string): Promise<void> {
  atomic("repo", "init", "--repo", store);
  const argv = ["compose", join(import.meta.dirname, "image", file), "--repo", store];
  await execute(ATOMIC, argv, { timeout: COMPOSE_MS, maxBuffer: 1 << 24 });
}

/** Images of former sources; another run may still be using recent ones. */
function removeUnused(): void {
  for (const name of readdirSync(VM_CACHE)) {
    const path = join(VM_CACHE, name);
    if (statSync(path).isDirectory() && Date.now() - statSync(path).mtimeMs > UNUSED_MS)
      rmSync(path, { recursive: true });
  }
}

/** Waits for as long as it takes: the runner's time-out ends it. */
async function whenFree(path: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await withFileLock(path, work);
    } catch (error) {
      if (!isAtomicError(error, "locked")) throw error;
    }
  }
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
