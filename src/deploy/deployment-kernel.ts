/** The kernel of an OS tree: `/usr/lib/modules/<release>/vmlinuz` and, beside it, `initramfs.img`. */
import { fromText, toText } from "../bytes.ts";
import { compareVersions, type InstalledKernel, installKernel } from "../bootloader/index.ts";
import { type Checksum, createHasher, type Hasher } from "../digest.ts";
import { AtomicError } from "../errors.ts";
import { close, read } from "../linux/index.ts";
import { type DirectoryNode, lookup, objectFile, openObject, type RegularNode } from "../ostree/index.ts";
import type { Stateroot } from "./deployment-id.ts";
import type { Sysroot } from "./sysroot.ts";

export interface TreeKernel {
  /** As `uname -r` prints it. */
  release: string;
  kernel: RegularNode;
  initramfs?: RegularNode;
}

const MODULES = "/usr/lib/modules";
const CHUNK = 1024 * 1024;

/** The kernel of a tree, the newest if there are several. @throws AtomicError invalid when it has none */
export function findKernel(tree: DirectoryNode): TreeKernel {
  const modules = lookup(tree, fromText(MODULES));
  const releases = modules?.kind === "directory" ? [...modules.children.keys()].map(toText) : [];
  const kernels = releases.flatMap((release) => kernelOf(tree, release) ?? []);
  const [newest] = kernels.sort((a, b) => compareVersions(b.release, a.release));
  if (newest === undefined) {
    throw new AtomicError("invalid", `looking for the kernel: the tree has no ${MODULES}/RELEASE/vmlinuz`, {
      hint: "add a kernel to the tree, then commit it again",
    });
  }
  return newest;
}

/**
 * The boot checksum of a kernel in the store: BLAKE3 of its bytes followed by those of its initramfs.
 * @throws AtomicError corrupt when the bytes are not those the tree names, not-found
 */
export function bootChecksum(sysroot: Sysroot, { kernel, initramfs }: TreeKernel): Checksum {
  const whole = createHasher();
  for (const node of initramfs === undefined ? [kernel] : [kernel, initramfs]) hashVerified(sysroot, node, whole);
  return whole.digest();
}

/**
 * Puts a tree's kernel into the boot directory.
 * @param expected what `bootChecksum` said of it
 * @throws AtomicError corrupt when other bytes came out, no-space
 */
export function installTreeKernel(
  sysroot: Sysroot,
  { stateroot, kernel, expected }: { stateroot: Stateroot; kernel: TreeKernel; expected: Checksum },
): InstalledKernel {
  const fileOf = (node: RegularNode): string => objectFile(sysroot.repo, node.checksum, "file");
  const installed = installKernel(sysroot.disk, sysroot.boot, {
    stateroot,
    kernel: fileOf(kernel.kernel),
    ...(kernel.initramfs === undefined ? {} : { initramfs: fileOf(kernel.initramfs) }),
  });
  if (installed.checksum !== expected) throw corruptKernel(expected, installed.checksum);
  return installed;
}

function kernelOf(tree: DirectoryNode, release: string): TreeKernel | undefined {
  const kernel = lookup(tree, fromText(`${MODULES}/${release}/vmlinuz`));
  const initramfs = lookup(tree, fromText(`${MODULES}/${release}/initramfs.img`));
  if (kernel?.kind !== "file" || kernel.size === 0) return undefined;
  return { release, kernel, ...(initramfs?.kind === "file" && initramfs.size > 0 ? { initramfs } : {}) };
}

/** Feeds a file object to `whole`, and checks it against its name in the same pass. */
function hashVerified(sysroot: Sysroot, { checksum }: RegularNode, whole: Hasher): void {
  const own = createHasher();
  const fd = openObject(sysroot.repo, checksum);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (let count = read(fd, buffer); count > 0; count = read(fd, buffer)) {
      own.update(buffer.subarray(0, count));
      whole.update(buffer.subarray(0, count));
    }
  } finally {
    close(fd);
  }
  const found = own.digest();
  if (found !== checksum) throw corruptKernel(checksum, found);
}

function corruptKernel(expected: Checksum, found: Checksum): AtomicError {
  return new AtomicError("corrupt", `reading the kernel from the store: expected ${expected}, found ${found}`, {
    hint: "atomic repo fsck --repair --from OTHER",
  });
}
