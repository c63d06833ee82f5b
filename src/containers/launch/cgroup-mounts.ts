/** What a container sees of control groups: its own, as the root of every hierarchy. */
import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  type Slot,
} from "../../linux/index.ts";
import { attach, closeFd, mountDetached, setAttributes } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import type { MountOptions } from "./mount-options.ts";
import { openTarget } from "./targets.ts";

const DIRECTORIES = { type: "tmpfs", source: "tmpfs", options: ["mode=755", "size=64k"] };

/**
 * Mounts the container's hierarchies on `target`: one alone, or each below a tmpfs. The process is in its groups and
 * in a cgroup namespace of its own by now, so each shows nothing above them.
 */
export function mountCgroups({ asm, request }: LaunchContext, target: Slot, options: MountOptions): void {
  const attributes = options.set | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const single = request.cgroups.find(({ name }) => name === "");
  if (single !== undefined) {
    const tree = asm.slot();
    mountDetached(asm, { type: "cgroup2", source: "cgroup2", options: [], attributes }, tree);
    attach(asm, tree, target);
    closeFd(asm, tree);
    return;
  }
  const top = asm.slot();
  mountDetached(asm, { ...DIRECTORIES, attributes: attributes & ~MOUNT_ATTR_RDONLY }, top);
  attach(asm, top, target);
  for (const { version, name, options: selection } of request.cgroups) {
    const [directory, tree] = [asm.slot(), asm.slot()];
    openTarget(asm, top, { path: name, kind: "directory", noSymlinks: true }, directory);
    const type = version === 2 ? "cgroup2" : "cgroup";
    mountDetached(asm, { type, source: type, options: version === 2 ? [] : selection, attributes }, tree);
    attach(asm, tree, directory);
    for (const fd of [tree, directory]) closeFd(asm, fd);
    for (const alias of name.includes(",") ? selection : [])
      asm.call("symlinkat", [asm.text(name), top, asm.text(alias)], { onError: "ignore" });
  }
  if ((attributes & MOUNT_ATTR_RDONLY) !== 0) setAttributes(asm, top, { set: MOUNT_ATTR_RDONLY });
  closeFd(asm, top);
}
