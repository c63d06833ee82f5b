/** Who a container's program runs as, by the container's own /etc/passwd and /etc/group. */
import { AtomicError } from "../../errors.ts";

export interface ContainerUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  home: string;
}

/** Reads a file of the container's root, inside it and within bounds; undefined when there is none. */
export type ReadRootFile = (path: string) => string | undefined;

const MAX_ID = 0xffff_fffe;
const NUMBER = /^\d{1,10}$/;

/**
 * @param user `USER[:GROUP]`, names or numbers; undefined for root
 * @param groupAdd names or numbers of more groups
 * @throws AtomicError not-found for a name the container does not have, invalid for a number out of range
 */
export function resolveUser(
  user: string | undefined,
  groupAdd: readonly string[],
  readFile: ReadRootFile,
): ContainerUser {
  const plainRoot = user === undefined || user === "" || user === "0" || user === "root" || user === "0:0";
  // Nobody needs a file to know root.
  if (plainRoot && groupAdd.length === 0) return { uid: 0, gid: 0, additionalGids: [], home: "/root" };
  const [name = "", group] = (user ?? "0").split(/:(.*)/s);
  const passwd = rows(readFile("/etc/passwd"));
  const groups = rows(readFile("/etc/group"));
  const groupId = (text: string) => {
    if (NUMBER.test(text)) return id(text);
    const gid = groups.find(([named]) => named === text)?.[2];
    if (gid === undefined) throw missing("group", text);
    return id(gid);
  };
  const entry = NUMBER.test(name) ? passwd.find((row) => row[2] === name) : passwd.find(([named]) => named === name);
  if (entry === undefined && !NUMBER.test(name)) throw missing("user", name);
  const uid = id(entry?.[2] ?? name);
  const gid = group === undefined || group === "" ? id(entry?.[3] ?? "0") : groupId(group);
  const member = (row: string[]) => entry?.[0] !== undefined && (row[3] ?? "").split(",").includes(entry[0]);
  const own = group === undefined || group === "" ? groups.filter(member).map((row) => id(row[2] ?? "")) : [];
  const additional = new Set([...own, ...groupAdd.map(groupId)]);
  additional.delete(gid);
  const home = entry?.[5] ?? "";
  return { uid, gid, additionalGids: [...additional], home: home.startsWith("/") ? home : "/" };
}

function rows(text: string | undefined): string[][] {
  return (text ?? "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}

function id(text: string): number {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  if (!(value <= MAX_ID)) {
    throw new AtomicError(
      "invalid",
      `finding the container's user: expected an ID up to ${MAX_ID}, found ${JSON.stringify(text)}`,
    );
  }
  return value;
}

function missing(what: string, name: string): AtomicError {
  return new AtomicError(
    "not-found",
    `finding the container's user: the image has no ${what} ${JSON.stringify(name)}`,
    {
      hint: "atomic run --user=0 IMAGE",
    },
  );
}
