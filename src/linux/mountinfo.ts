/** The mounts of this process's namespace. Spec: proc_pid_mountinfo(5) */
import { readFileSync } from "node:fs";

export interface MountEntry {
  /** Where it is mounted. */
  path: string;
  /** Filesystem type, such as `overlay`. */
  type: string;
  /** Device, or the name that was given to a mount without one. */
  source: string;
}

/** The mounts, in the order they were made: of several at one path the last one is seen. */
export function readMounts(): MountEntry[] {
  return parseMountinfo(readFileSync("/proc/self/mountinfo", "utf8"));
}

/** Reads the text of a `mountinfo` file. */
export function parseMountinfo(text: string): MountEntry[] {
  return text.split("\n").flatMap((line) => {
    const [place, device] = line.split(" - ");
    const path = place?.split(" ")[4];
    const [type, source] = device?.split(" ") ?? [];
    if (path === undefined || type === undefined || source === undefined) return [];
    return [{ path: unescape(path), type, source: unescape(source) }];
  });
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
