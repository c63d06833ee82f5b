/** Whether this host labels processes and files with SELinux. */
import { existsSync } from "node:fs";

/** The kernel shows it where selinuxfs is mounted: at a fixed place, as libselinux expects it. */
export function hasSelinux(mountPoint = "/sys/fs/selinux"): boolean {
  return existsSync(`${mountPoint}/enforce`);
}
