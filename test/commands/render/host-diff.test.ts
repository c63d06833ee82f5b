import * as assert from "uvu/assert";
import { renderChangeSummary, renderHostDiff } from "../../../src/commands/render/host-diff.ts";
import { plainStyle } from "../../../src/commands/render/style.ts";
import type { HostDiff, PackageChange } from "../../../src/deploy/index.ts";
import type { Checksum } from "../../../src/digest.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/render/host-diff");
const [A, B] = ["a".repeat(64) as Checksum, "b".repeat(64) as Checksum];

function diff(packages: PackageChange[]): HostDiff {
  return {
    from: { commit: A, version: "1.0", kargs: ["splash"] },
    to: { commit: B, version: null, kargs: ["quiet"] },
    files: [
      { path: "/usr/bin/x", kind: "modified" },
      { path: "/usr/bin/y", kind: "added" },
      { path: "/usr/bin/z", kind: "added" },
      { path: "/usr/share", kind: "metadata" },
    ],
    packages,
    kargs: { added: ["quiet"], removed: ["splash"] },
    notes: [],
  };
}

const MIXED: PackageChange[] = [
  { name: "bash", change: "upgraded", before: "5.1", after: "5.2" },
  { name: "curl", change: "downgraded", before: "8.1", after: "8.0" },
  { name: "nano", change: "removed", before: "7", after: null },
  { name: "vim", change: "added", before: null, after: "9" },
];

test("lists packages and arguments, and counts files", () => {
  assert.is(
    renderHostDiff(diff(MIXED), { style: plainStyle, files: false }),
    [
      "from:       1.0 (aaaaaaaaaaaa)",
      "to:         bbbbbbbbbbbb",
      "packages:   1 upgraded, 1 downgraded, 1 added, 1 removed",
      "files:      1 modified, 2 added, 1 only in metadata",
      "arguments:  +quiet -splash",
      "  upgraded    bash 5.1 → 5.2",
      "  downgraded  curl 8.1 → 8.0",
      "  removed     nano 7",
      "  added       vim 9",
    ].join("\n"),
  );
});

test("lists files when asked", () => {
  const shown = renderHostDiff(diff([]), { style: plainStyle, files: true });
  assert.ok(shown.endsWith("\nM  /usr/bin/x\nA  /usr/bin/y\nA  /usr/bin/z\nm  /usr/share"));
});

test("names at most ten packages in an upgrade's summary", () => {
  const upgraded = (count: number): PackageChange[] =>
    Array.from({ length: count }, (_, i) => ({ name: `p${i}`, change: "upgraded", before: "1", after: "2" }));
  const lines = (count: number) => renderChangeSummary(diff(upgraded(count)), plainStyle).split("\n");
  assert.is(lines(11).length, 13);
  assert.is(lines(12).length, 13);
  assert.is(lines(12)[11], "  … and 2 more: atomic host diff aaaaaaaaaaaa bbbbbbbbbbbb");
});
