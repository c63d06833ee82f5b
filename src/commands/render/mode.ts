/** Modes as `ls -l` shows them. */
import type { InodeNode } from "../../ostree/index.ts";

const TYPES: Record<InodeNode["kind"], string> = {
  file: "-",
  directory: "d",
  symlink: "l",
  character: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

/** `drwxr-xr-x`, with `s`, `S`, `t` and `T` for the set-id and sticky bits. */
export function modeText({ kind, mode }: Pick<InodeNode, "kind" | "mode">): string {
  const special = [mode & 0o4000, mode & 0o2000, mode & 0o1000];
  const letters = ["s", "s", "t"];
  const triples = [mode >> 6, mode >> 3, mode].map((bits, i) => {
    const execute = (bits & 1) !== 0;
    const last = special[i] !== 0 ? (execute ? letters[i] : letters[i]?.toUpperCase()) : execute ? "x" : "-";
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`;
  });
  return TYPES[kind] + triples.join("");
}
