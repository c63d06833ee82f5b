/** The container's root directory: a mount of its own, and at the end the only one there is. */
import {
  type Address,
  AT_FDCWD,
  AT_RECURSIVE,
  MNT_DETACH,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLONE,
  type Slot,
} from "../../linux/index.ts";
import { attach, closeFd, openHost, setAttributes } from "./calls.ts";
import type { LaunchContext } from "./context.ts";

const PROPAGATION: Readonly<Record<string, number>> = {
  shared: MS_SHARED,
  slave: MS_SLAVE,
  private: MS_PRIVATE,
  unbindable: MS_UNBINDABLE,
};

/** On the host's side: a detached copy of the root directory's mounts. */
export function openRoot({ asm, request }: LaunchContext): Slot {
  asm.step(`opening the root directory ${request.rootfs}`);
  const tree = asm.slot();
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE;
  asm.call("open_tree", [AT_FDCWD, asm.text(request.rootfs), flags], { store: tree });
  return tree;
}

/** In the new mount namespace: makes `root` one of its mounts, and lets nothing done here reach the host. */
export function attachRoot({ asm, request }: LaunchContext, root: Slot): void {
  asm.step("separating the mounts from the host's");
  remount(asm, MS_REC | MS_SLAVE);
  asm.step(`mounting the root directory ${request.rootfs}`);
  setAttributes(asm, root, { propagation: MS_PRIVATE });
  // Root of a user namespace may not be able to reach the directory by its path, but there is always a root. Hooks look
  // for what is mounted in the container at that path.
  const hasHooks = (request.config.hooks?.createContainer ?? []).length > 0;
  const place = openHost(asm, hasHooks ? request.rootfs : "/", O_PATH | O_DIRECTORY);
  attach(asm, root, place);
  closeFd(asm, place);
}

/**
 * In a mount namespace of others: `root` stays a mount that is nowhere, and so do those in it. It is opened once more, since
 * only in a copy of this namespace's mounts something can be mounted.
 */
export function separateRoot({ asm, request }: LaunchContext, root: Slot): void {
  asm.step(`opening the root directory ${request.rootfs} in the mount namespace of others`);
  closeFd(asm, root);
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_RECURSIVE;
  asm.call("open_tree", [AT_FDCWD, asm.text(request.rootfs), flags], { store: root });
  setAttributes(asm, root, { propagation: MS_PRIVATE });
}

/** Makes `root` the root directory, and takes the host's away unless others use it. */
export function changeRoot({ asm, request }: LaunchContext, root: Slot, isShared: boolean): void {
  asm.step("changing the root directory");
  const here = asm.text(".");
  asm.call("fchdir", [root]);
  if (isShared) asm.call("chroot", [here]);
  else {
    // The old root ends up on top of the new one, which is where `.` then leads.
    asm.call("pivot_root", [here, here]);
    asm.call("umount2", [here, MNT_DETACH]);
  }
  asm.call("chdir", [asm.text("/")]);
  const { rootfsPropagation } = request.config.linux ?? {};
  if (rootfsPropagation !== undefined) {
    const recursive = rootfsPropagation.startsWith("r");
    asm.step(`making the root directory's mount ${rootfsPropagation}`);
    remount(asm, PROPAGATION[rootfsPropagation.slice(recursive ? 1 : 0)]! | (recursive ? MS_REC : 0));
  }
  if (request.config.root?.readonly === true) {
    asm.step("making the root directory read-only");
    setAttributes(asm, root, { set: MOUNT_ATTR_RDONLY });
  }
  if (!isShared) closeFd(asm, root);
}

function remount(asm: LaunchContext["asm"], flags: number): void {
  const nothing: Address = asm.text("");
  asm.call("mount", [nothing, asm.text("/"), 0, flags, 0]);
}
