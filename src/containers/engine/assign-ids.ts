/** The IDs of a container's user namespace, chosen when it is made and kept as long as it is: its files belong to them. */
import { readFileSync } from "node:fs";
import { AtomicError } from "../../errors.ts";
import { close, flock, O_DIRECTORY, O_RDONLY, open } from "../../linux/index.ts";
import type { UserNamespaceMode } from "../configure/user-namespace.ts";
import type { IdMaps } from "../ids/id-maps.ts";
import { type IdRange, subordinateIds } from "../ids/subordinate-ids.ts";
import type { IdMapping } from "../spec/linux.ts";
import type { Engine } from "./place.ts";
import { listNamed } from "./record.ts";

/** The owner of the ranges for `auto`, as podman has it. */
const OWNER = "containers";
/** Without such ranges: what useradd, systemd and podman's advice leave to containers. */
const DEFAULT_RANGE: IdRange = { first: 2_147_483_648, count: 2_147_418_112 };
const FILES = { uid: "/etc/subuid", gid: "/etc/subgid" } as const;

/**
 * Calls `keep` with the maps that `mode` asks for; while it runs, nobody else is given the same range.
 * @throws AtomicError unsupported for what only ordinary users have; no-space when every range is taken
 */
export function withIdMaps(engine: Engine, mode: UserNamespaceMode, keep: (maps?: IdMaps) => void): void {
  if (mode.kind === "host") return keep();
  const { userIds } = engine;
  if (userIds !== undefined) return keep(mapsOfUser(mode, userIds));
  if (mode.kind === "maps") return keep({ uid: mode.uid, gid: mode.gid });
  if (mode.kind !== "auto") {
    throw new AtomicError("unsupported", `running with --userns=${mode.kind}: root has no other IDs than the host's`, {
      hint: "atomic run --userns=auto IMAGE",
    });
  }
  engine.repo.disk.ensureDirectory(engine.data, 0o700);
  const fd = open(engine.data, O_RDONLY | O_DIRECTORY);
  try {
    flock(fd, "exclusive");
    const taken = listNamed(engine).flatMap(({ idMaps }) => (idMaps === undefined ? [] : [idMaps]));
    const free = (kind: "uid" | "gid") => [
      {
        containerID: 0,
        hostID: freeRange(
          rangesOf(FILES[kind]),
          taken.flatMap((maps) => maps[kind]),
          mode.size,
        ),
        size: mode.size,
      },
    ];
    keep({ uid: free("uid"), gid: free("gid") });
  } finally {
    close(fd);
  }
}

/** Maps of a container into the user's own IDs, whose root the user is. @throws AtomicError unsupported, invalid */
function mapsOfUser(mode: Exclude<UserNamespaceMode, { kind: "host" }>, own: IdMaps): IdMaps {
  if (mode.kind === "auto") {
    throw new AtomicError("unsupported", "running with --userns=auto: only root has IDs for every container", {
      hint: "atomic run --userns=keep-id IMAGE",
    });
  }
  if (mode.kind !== "maps") return { uid: besideUser(own.uid, mode.kind), gid: besideUser(own.gid, mode.kind) };
  for (const kind of ["uid", "gid"] as const) {
    const missing = mode[kind].find(
      ({ hostID, size }) =>
        !own[kind].some((one) => hostID >= one.containerID && hostID + size <= one.containerID + one.size),
    );
    if (missing === undefined) continue;
    throw new AtomicError(
      "unsupported",
      `running with --${kind}map: you have not all of ${missing.hostID} to ${missing.hostID + missing.size - 1}`,
      {
        hint: `cat /etc/sub${kind}`,
      },
    );
  }
  return { uid: mode.uid, gid: mode.gid };
}

/** The user keeps its own number, or has none; the container's other IDs are those the user was given. */
function besideUser(own: readonly IdMapping[], kind: "keep-id" | "nomap"): IdMapping[] {
  const given = own.reduce((sum, { size }) => sum + size, 0) - 1;
  const self = own.find(({ containerID }) => containerID === 0)?.hostID ?? 0;
  const others = (containerID: number, hostID: number, size: number) =>
    size > 0 ? [{ containerID, hostID, size }] : [];
  if (kind === "nomap") return others(0, 1, given);
  const below = Math.min(self, given);
  return [
    ...others(0, 1, below),
    { containerID: self, hostID: 0, size: 1 },
    ...others(self + 1, below + 1, given - below),
  ];
}

/** The first ID of `size` that are free. @throws AtomicError no-space */
export function freeRange(ranges: readonly IdRange[], taken: readonly IdMapping[], size: number): number {
  for (const { first, count } of ranges) {
    let at = first;
    for (const { hostID, size: used } of taken.toSorted((a, b) => a.hostID - b.hostID))
      if (hostID < at + size && hostID + used > at) at = hostID + used;
    if (at + size <= first + count) return at;
  }
  throw new AtomicError("no-space", `finding ${size} free IDs for a container: those of ${OWNER} are taken`, {
    hint: "atomic ps --all",
  });
}

function rangesOf(file: string): IdRange[] {
  const ranges = subordinateIds(textOf(file), [OWNER]);
  return ranges.length === 0 ? [DEFAULT_RANGE] : ranges;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
