/** The user namespace this process is in. Spec: user_namespaces(7) */
import { readFileSync } from "node:fs";
import type { IdMaps } from "./id-maps.ts";

/** All there are, as they are: not in a user namespace but the first. */
const IDENTITY = /^\s*0\s+0\s+4294967295\s*$/;

/** The maps of this process's user namespace; undefined in the host's own. */
export function ownIdMaps(): IdMaps | undefined {
  const uid = readFileSync("/proc/self/uid_map", "utf8");
  if (IDENTITY.test(uid)) return undefined;
  return { uid: parseIdMap(uid), gid: parseIdMap(readFileSync("/proc/self/gid_map", "utf8")) };
}

/** The lines of `/proc/PID/uid_map`. */
export function parseIdMap(text: string): IdMaps["uid"] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/).map(Number);
      return { containerID, hostID, size };
    });
}

/** Whether processes here may change their groups: not where the namespace was made without anybody's help. */
export function mayChangeGroups(): boolean {
  return readFileSync("/proc/self/setgroups", "utf8").trim() !== "deny";
}
