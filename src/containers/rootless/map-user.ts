/** Giving a user namespace its IDs: the user's own as root's, then those /etc/subuid and /etc/subgid leave to the user. */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "../../spawn.ts";
import { type IdRange, subordinateIds } from "../ids/subordinate-ids.ts";

/** Set-id programs of the host that write maps for those who may have them. */
const HELPERS = ["newuidmap", "newgidmap"] as const;

/**
 * Writes the maps of the user namespace of the process `pid`, which this user has just made.
 * @returns why there is only one ID, if that is so
 * @throws AtomicError child-failed
 */
export function mapUser(pid: number, ids: { uid: number; gid: number }): string | undefined {
  const owners = [...loginName(), String(ids.uid)];
  const [uids, gids] = ["/etc/subuid", "/etc/subgid"].map((path) => subordinateIds(textOf(path), owners)) as [
    IdRange[],
    IdRange[],
  ];
  const why = !HELPERS.every(isInstalled)
    ? "newuidmap and newgidmap are not installed (uidmap)"
    : uids.length === 0 || gids.length === 0
      ? `/etc/subuid and /etc/subgid have no IDs for ${owners[0]}`
      : undefined;
  if (why !== undefined) {
    mapAlone(pid, ids);
    return why;
  }
  run(["newuidmap", String(pid), ...lines(ids.uid, uids)], { package: "uidmap" });
  run(["newgidmap", String(pid), ...lines(ids.gid, gids)], { package: "uidmap" });
  return undefined;
}

/** What anybody may do for themselves. */
function mapAlone(pid: number, { uid, gid }: { uid: number; gid: number }): void {
  writeFileSync(`/proc/${pid}/setgroups`, "deny");
  writeFileSync(`/proc/${pid}/uid_map`, `0 ${uid} 1\n`);
  writeFileSync(`/proc/${pid}/gid_map`, `0 ${gid} 1\n`);
}

function lines(own: number, ranges: readonly IdRange[]): string[] {
  let next = 1;
  const others = ranges.flatMap(({ first, count }) => {
    const at = next;
    next += count;
    return [at, first, count].map(String);
  });
  return ["0", String(own), "1", ...others];
}

function loginName(): string[] {
  try {
    return [run(["id", "-un"]).stdout.toString("utf8").trim()];
  } catch {
    return []; // a number without an entry in /etc/passwd
  }
}

function isInstalled(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
