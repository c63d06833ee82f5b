/** The part of control groups that an ordinary user has been given, as systemd gives it below `user@UID.service`. */
import type { CgroupLayout } from "./layout.ts";

/**
 * @param own /proc/self/cgroup
 * @param isGiven whether a group's directory is the user's, and free of processes: only then it can be divided
 * @returns the hierarchies the user may make groups in, from the topmost such group down; none with version 1
 */
export function delegatedLayout(
  layout: CgroupLayout,
  own: string,
  isGiven: (directory: string) => boolean,
): CgroupLayout {
  const path = /^0::(\/.*)$/m.exec(own)?.[1];
  const hierarchy = layout.hierarchies.find(({ version }) => version === 2);
  if (path === undefined || hierarchy === undefined) return { hierarchies: [] };
  const parts = path.split("/").filter((part) => part !== "");
  const above = parts.map((_, index) => `${hierarchy.mountPoint}/${parts.slice(0, index + 1).join("/")}`);
  const top = above.find(isGiven);
  return { hierarchies: top === undefined ? [] : [{ ...hierarchy, mountPoint: top }] };
}
