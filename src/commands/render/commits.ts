/** Commits as people and scripts see them. */
import type { Checksum } from "../../digest.ts";
import type { Change, Commit } from "../../ostree/index.ts";
import { toText } from "../../bytes.ts";
import { formatBytes } from "../../units.ts";
import { printable } from "./printable.ts";
import type { Style } from "./style.ts";
import { facts } from "./table.ts";
import { age, utcTime } from "./time.ts";

/** The digits of a checksum that people see: enough to be typed back. */
export function short(checksum: string): string {
  return checksum.slice(0, 12);
}

/** Everything a commit says of itself, one fact per line. */
export function renderCommit(checksum: Checksum, commit: Commit, style: Style): string {
  return facts(
    [
      ["commit", style.yellow(checksum)],
      ["parent", commit.parent],
      ["date", `${utcTime(commit.timestamp)} (${age(commit.timestamp)})`],
      ["version", commit.version && printable(commit.version)],
      ["subject", commit.subject && printable(commit.subject)],
      ["content", `${commit.files} files, ${formatBytes(commit.bytes)}`],
      ["tree", commit.tree],
      ["image", `${commit.image} (fs-verity)`],
      ...Object.entries(commit.metadata).map(([key, value]): [string, string] => [
        printable(key),
        shortened(printable(value)),
      ]),
    ],
    style,
  );
}

/** Metadata can be whole documents, which `--json` shows in full. */
function shortened(value: string): string {
  return value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value;
}
const MAX_SHOWN = 200;

/** One line per commit: checksum, date, version, subject. */
export function renderLog(commits: { checksum: Checksum; commit: Commit }[], style: Style): string {
  return commits
    .map(({ checksum, commit: { timestamp, version, subject } }) =>
      [style.yellow(short(checksum)), utcTime(timestamp), printable(version ?? "-"), printable(subject)]
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A commit as `--json` shows it. */
export function commitJson(checksum: Checksum, { root: _, ...commit }: Commit): object {
  return { commit: checksum, ...commit };
}

/** How a listing marks each kind of change. */
export const FILE_MARKS = { added: "A", removed: "D", modified: "M", metadata: "m" } as const;

/** One line per change: `A` added, `D` removed, `M` modified, `m` only its metadata; then the path. */
export function renderChanges(changes: Change[], style: Style): string {
  const colours = { A: style.green, D: style.red, M: style.yellow, m: style.dim };
  return changes.map(({ kind, path }) => `${colours[FILE_MARKS[kind]](FILE_MARKS[kind])}  ${toText(path)}`).join("\n");
}

/** A change as `--json` shows it. */
export function changeJson({ kind, path, before, after }: Change): object {
  return { kind, path: toText(path), before: before?.kind, after: after?.kind };
}
