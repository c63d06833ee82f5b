/** What differs between two deployments. */
import type { DiffSide, HostDiff, PackageChange } from "../../deploy/index.ts";
import { FILE_MARKS, short } from "./commits.ts";
import { printable } from "./printable.ts";
import type { Style } from "./style.ts";
import { facts } from "./table.ts";

/** Both sides, every package and kernel argument that differs, and how many files, or which. */
export function renderHostDiff(diff: HostDiff, { style, files }: { style: Style; files: boolean }): string {
  const { added, removed } = diff.kargs;
  const kargs = [...added.map((karg) => `+${karg}`), ...removed.map((karg) => `-${karg}`)];
  return [
    facts(
      [
        ["from", sideText(diff.from)],
        ["to", sideText(diff.to)],
        ["packages", packageCounts(diff.packages)],
        ["files", fileCounts(diff.files)],
        ["arguments", printable(kargs.join(" "))],
      ],
      style,
    ),
    ...diff.packages.map((change) => packageLine(change, style)),
    ...(files ? diff.files.map(({ kind, path }) => `${FILE_MARKS[kind]}  ${path}`) : []),
    ...diff.notes.map((note) => `note: ${printable(note)}`),
  ].join("\n");
}

/** Two lines for an upgrade's summary: packages, of which the first few are named, and files. */
export function renderChangeSummary(diff: HostDiff, style: Style): string {
  const more = `: atomic host diff ${short(diff.from.commit)} ${short(diff.to.commit)}`;
  return [
    ...renderPackages(diff.packages, style, more),
    `files: ${fileCounts(diff.files)}`,
    ...diff.notes.map((note) => `note: ${printable(note)}`),
  ].join("\n");
}

/** The first of these changes, and how many there are. @param more how to see the others */
export function renderPackages(packages: readonly PackageChange[], style: Style, more = ""): string[] {
  const shown = packages.length <= NAMED + 1 ? packages : packages.slice(0, NAMED);
  const hidden = packages.length - shown.length;
  return [
    `packages: ${packageCounts(packages)}`,
    ...shown.map((change) => packageLine(change, style)),
    ...(hidden > 0 ? [`  … and ${hidden} more${more}`] : []),
  ];
}

const NAMED = 10;

function sideText({ version, commit }: DiffSide): string {
  return version === null ? short(commit) : `${printable(version)} (${short(commit)})`;
}

function packageCounts(packages: readonly PackageChange[]): string {
  return counts(
    packages.map(({ change }) => change),
    ["upgraded", "downgraded", "added", "removed"],
  );
}

function fileCounts(files: HostDiff["files"]): string {
  return counts(
    files.map(({ kind }) => (kind === "metadata" ? "only in metadata" : kind)),
    ["modified", "added", "removed", "only in metadata"],
  );
}

function counts(values: readonly string[], order: readonly string[]): string {
  const parts = order.flatMap((name) => {
    const count = values.filter((value) => value === name).length;
    return count === 0 ? [] : [`${count} ${name}`];
  });
  return parts.length === 0 ? "no changes" : parts.join(", ");
}

function packageLine({ name, change, before, after }: PackageChange, style: Style): string {
  const versions = [before, after].filter((version) => version !== null).join(" → ");
  const text = `  ${change.padEnd(10)}  ${printable(`${name} ${versions}`)}`;
  return change === "downgraded" || change === "removed" ? style.yellow(text) : text;
}
