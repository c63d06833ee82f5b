/** `--userns`, `--uidmap`, `--gidmap`: whose user IDs a container has. */
import { AtomicError } from "../../errors.ts";
import { type IdMaps, mappingsProblem } from "../ids/id-maps.ts";
import type { IdMapping } from "../spec/linux.ts";

export type UserNamespaceMode =
  /** Those of the caller. */
  | { kind: "host" }
  /** A range that no other container has. */
  | { kind: "auto"; size: number }
  /** For an ordinary user: the user has its own IDs, or none of them. */
  | { kind: "keep-id" }
  | { kind: "nomap" }
  | ({ kind: "maps" } & IdMaps);

/** IDs of a container with `auto`: all that Debian and others give to people and services. */
const DEFAULT_SIZE = 65_536;
const MAX_SIZE = 1 << 24;

interface UserNamespaceFlags {
  userns?: string;
  uidmap?: string[];
  gidmap?: string[];
}

/** @throws AtomicError usage, unsupported */
export function userNamespaceMode({ userns = "", uidmap = [], gidmap = [] }: UserNamespaceFlags): UserNamespaceMode {
  if (uidmap.length > 0 || gidmap.length > 0) {
    if (userns !== "") throw bad("--userns", userns, "nothing beside --uidmap and --gidmap");
    const [uid, gid] = [mappings("--uidmap", uidmap), mappings("--gidmap", gidmap)];
    // As podman has it: one of them counts for both.
    return { kind: "maps", uid: uid ?? gid!, gid: gid ?? uid! };
  }
  if (userns === "" || userns === "host") return { kind: "host" };
  if (userns === "keep-id" || userns === "nomap") return { kind: userns };
  const size = /^auto(?::size=(\d{1,8}))?$/.exec(userns);
  if (size !== null) {
    const wanted = size[1] === undefined ? DEFAULT_SIZE : Number(size[1]);
    if (wanted < 1 || wanted > MAX_SIZE) throw bad("--userns", userns, `a size from 1 to ${MAX_SIZE}`);
    return { kind: "auto", size: wanted };
  }
  if (/^(container|ns):/.test(userns)) {
    throw new AtomicError("unsupported", `running with --userns=${userns}: a user namespace cannot be shared`, {
      hint: "atomic run --userns=auto IMAGE",
    });
  }
  throw bad("--userns", userns, "host, auto, auto:size=N, keep-id or nomap");
}

/** `CONTAINER:HOST:SIZE`; a size of 1 may be left out. */
function mappings(flag: string, texts: readonly string[]): IdMapping[] | undefined {
  if (texts.length === 0) return undefined;
  const all = texts.map((text): IdMapping => {
    const [, containerID, hostID, size = "1"] = /^(\d{1,10}):(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
    if (containerID === undefined) throw bad(flag, text, "CONTAINER:HOST:SIZE");
    return { containerID: Number(containerID), hostID: Number(hostID), size: Number(size) };
  });
  const problem = mappingsProblem(all);
  if (problem === undefined) return all;
  throw new AtomicError("usage", `reading ${flag} ${texts.join(" ")}: ${problem}`, { hint: "atomic run --help" });
}

function bad(option: string, found: string, expected: string): AtomicError {
  return new AtomicError("usage", `reading ${option}: expected ${expected}, found ${JSON.stringify(found)}`);
}
