import { readFileSync } from "node:fs";

/** The kernel's id of this boot: another one after every restart. Spec: proc_sys_kernel(5), random/boot_id */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
