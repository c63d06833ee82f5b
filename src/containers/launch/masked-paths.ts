/** Paths of the host's making that a container may not see, or not change. */
import {
  AT_RECURSIVE,
  EINVAL,
  ENOENT,
  AT_EMPTY_PATH,
  ENOTDIR,
  type Label,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  O_CLOEXEC,
  O_PATH,
  OPEN_TREE_CLONE,
  type Slot,
} from "../../linux/index.ts";
import { attach, closeFd, emptyPath, mountDetached, openHost, openIn, setAttributes, tolerate } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import { inContainer } from "./targets.ts";

const EMPTY_DIRECTORY = {
  type: "tmpfs",
  source: "tmpfs",
  options: ["mode=755", "nr_inodes=1"],
  attributes: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
};

const CLONE = OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH;

/**
 * Covers files with the host's /dev/null and directories with an empty one; what does not exist needs no cover.
 * Both covers come from the host: an image's own /dev/null may be anything.
 */
export function maskPaths(context: LaunchContext, root: Slot, paths: readonly string[]): void {
  if (paths.length === 0) return;
  const { asm } = context;
  asm.step("opening /dev/null");
  const nothing = openHost(asm, "/dev/null", O_PATH);
  for (const path of paths) {
    asm.step(`masking ${path}`);
    const [target, cover, result] = [asm.slot(), asm.slot(), asm.slot()];
    const [isDirectory, done, notFile, missing] = ["directory", "done", "not a file", "missing"].map(
      asm.label,
    ) as Label4;
    openExisting(context, root, path, target, missing);
    asm.call("open_tree", [nothing, emptyPath(asm), CLONE], { store: cover });
    attach(asm, cover, target, { store: result, onError: notFile, onZero: done });
    asm.place(notFile);
    tolerate(context, result, [EINVAL, ENOTDIR], isDirectory); // depends on the kernel
    asm.place(isDirectory);
    closeFd(asm, cover);
    mountDetached(asm, EMPTY_DIRECTORY, cover);
    attach(asm, cover, target);
    asm.place(done);
    for (const fd of [cover, target]) closeFd(asm, fd);
    asm.place(missing);
  }
  closeFd(asm, nothing);
}
type Label4 = [Label, Label, Label, Label];

/** Makes what is at these paths read-only, with what is mounted below. */
export function protectPaths(context: LaunchContext, root: Slot, paths: readonly string[]): void {
  const { asm } = context;
  for (const path of paths) {
    asm.step(`making ${path} read-only`);
    const [target, tree] = [asm.slot(), asm.slot()];
    const done = asm.label("done");
    openExisting(context, root, path, target, done);
    asm.call("open_tree", [target, emptyPath(asm), CLONE | AT_RECURSIVE], { store: tree });
    setAttributes(asm, tree, { set: MOUNT_ATTR_RDONLY, recursive: true });
    attach(asm, tree, target);
    for (const fd of [tree, target]) closeFd(asm, fd);
    asm.place(done);
  }
}

function openExisting(context: LaunchContext, root: Slot, path: string, store: Slot, missing: Label): void {
  const { asm } = context;
  const [failed, found] = [asm.label("failed"), asm.label("found")];
  openIn(asm, root, inContainer(path), { store, onError: failed });
  asm.jump(found);
  asm.place(failed);
  tolerate(context, store, [ENOENT, ENOTDIR], missing);
  asm.place(found);
}
