/** What of /proc and /sys a container must not see, or not write. */

/** Hidden: they tell about, or reach into, the whole host. */
const MASKED = [
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/fs/selinux",
];

/** Shown, but never written. */
export const READONLY_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * The paths to hide on a host with these CPUs.
 * @param cpuNames the names in /sys/devices/system/cpu; the throttling counts of a CPU tell what others compute
 */
export function maskedPaths(cpuNames: readonly string[]): string[] {
  const cpus = cpuNames.filter((name) => /^cpu\d+$/.test(name));
  return [...MASKED, ...cpus.map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`)];
}
