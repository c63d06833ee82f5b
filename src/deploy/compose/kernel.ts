/** A host tree's one kernel, and its place: /usr/lib/modules/<kver>/{vmlinuz,initramfs.img}. */
import { renameSync } from "node:fs";
import { toText } from "../../bytes.ts";
import { AtomicError } from "../../errors.ts";
import { inTree, namesInTree, statInTree } from "./paths.ts";

const MODULES = "usr/lib/modules";

/** Debian's names in /boot, and where the files belong. */
const BOOT_FILES: readonly { from: (kver: string) => string; to: string }[] = [
  { from: (kver) => `vmlinuz-${kver}`, to: "vmlinuz" },
  { from: (kver) => `initrd.img-${kver}`, to: "initramfs.img" },
  { from: (kver) => `config-${kver}`, to: "config" },
  { from: (kver) => `System.map-${kver}`, to: "System.map" },
];

/** The version of the one kernel in the tree. @throws AtomicError invalid when there is none or more than one */
export function kernelVersion(root: string): string {
  const found = statInTree(root, MODULES)?.isDirectory() === true ? namesInTree(root, MODULES).map(toText) : [];
  const [kver] = found;
  if (kver === undefined || found.length > 1) {
    throw new AtomicError(
      "invalid",
      `composing: expected one kernel in /${MODULES}, found ${found.length === 0 ? "none" : found.join(", ")}`,
    );
  }
  return kver;
}

/** Moves the kernel's files from /boot beside its modules. @throws AtomicError invalid when kernel or initramfs is missing */
export function moveKernel(root: string): void {
  const kver = kernelVersion(root);
  for (const { from, to } of BOOT_FILES) {
    const source = `boot/${from(kver)}`;
    if (statInTree(root, source)?.isFile() === true)
      renameSync(inTree(root, source), inTree(root, `${MODULES}/${kver}/${to}`));
  }
  for (const name of ["vmlinuz", "initramfs.img"]) {
    if (statInTree(root, `${MODULES}/${kver}/${name}`)?.isFile() === true) continue;
    throw new AtomicError("invalid", `composing: kernel ${kver} has no ${name} in /boot or /${MODULES}/${kver}`);
  }
}
