import * as assert from "uvu/assert";
import { parseDpkgStatus } from "../../src/deploy/dpkg-status.ts";
import { diffPackages } from "../../src/deploy/host-diff.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/dpkg-status");

const status = `Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2-1
Description: shell
 Version: not this one

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9
`;

test("lists what is installed, a second architecture apart", () => {
  assert.equal(
    [...parseDpkgStatus(status)],
    [
      ["bash", "5.2-1"],
      ["libc6", "2.36-9"],
      ["libc6:i386", "2.36-9"],
    ],
  );
});

test("is empty without paragraphs", () => assert.is(parseDpkgStatus("\n\n").size, 0));

test("compares two lists", () => {
  const before = new Map([
    ["a", "1.9"],
    ["b", "2"],
    ["c", "3"],
    ["e", "1"],
  ]);
  const after = new Map([
    ["a", "1.10"],
    ["b", "1"],
    ["d", "4"],
    ["e", "1"],
  ]);
  assert.equal(diffPackages(before, after), [
    { name: "a", change: "upgraded", before: "1.9", after: "1.10" },
    { name: "b", change: "downgraded", before: "2", after: "1" },
    { name: "c", change: "removed", before: "3", after: null },
    { name: "d", change: "added", before: null, after: "4" },
  ]);
});
