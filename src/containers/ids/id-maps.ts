/** Which IDs outside a user namespace its own IDs stand for. Spec: user_namespaces(7) */
import type { IdMapping } from "../spec/linux.ts";

/** Sorted by neither side; ranges of one side do not overlap. */
export interface IdMaps {
  uid: readonly IdMapping[];
  gid: readonly IdMapping[];
}

/** The kernel takes so many lines. */
const MAX_LINES = 340;
/** One less than the ID that means none. */
const LAST_ID = 0xffff_fffe;

/** The ID outside; undefined when the namespace does not have that ID. */
export function outsideId(mappings: readonly IdMapping[], id: number): number | undefined {
  const mapping = mappings.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return mapping === undefined ? undefined : mapping.hostID + id - mapping.containerID;
}

/** Who the namespace's root is outside; undefined when it has none. */
export function outsideRoot({ uid, gid }: IdMaps): { uid: number; gid: number } | undefined {
  const root = { uid: outsideId(uid, 0), gid: outsideId(gid, 0) };
  return root.uid === undefined || root.gid === undefined ? undefined : { uid: root.uid, gid: root.gid };
}

/** Why the kernel would refuse such mappings; undefined when it would not. */
export function mappingsProblem(mappings: readonly IdMapping[]): string | undefined {
  if (mappings.length === 0 || mappings.length > MAX_LINES) return `expected 1 to ${MAX_LINES} ranges`;
  const outside = mappings.find(
    ({ containerID, hostID, size }) => size < 1 || containerID + size - 1 > LAST_ID || hostID + size - 1 > LAST_ID,
  );
  if (outside !== undefined) return `IDs end at ${LAST_ID}`;
  for (const side of ["containerID", "hostID"] as const) {
    const sorted = mappings.toSorted((a, b) => a[side] - b[side]);
    const twice = sorted.find(
      (one, index) => index > 0 && sorted[index - 1]![side] + sorted[index - 1]!.size > one[side],
    );
    if (twice !== undefined) return `ID ${twice[side]} is in two ranges`;
  }
  return undefined;
}
