import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { createBlsEntry, formatBlsEntry } from "../../src/bootloader/bls-entry.ts";
import { formatEntryName, parseEntryName } from "../../src/bootloader/entry-name.ts";
import { defaultEntry, sortEntries } from "../../src/bootloader/sort.ts";
import type { LoaderEntry } from "../../src/bootloader/sort.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/sort");

function loaderEntry(fileName: string, fields: Record<string, string>): LoaderEntry {
  const all = { ...fields, linux: "/vmlinuz" };
  return {
    name: parseEntryName(fileName),
    entry: createBlsEntry(Object.entries(all).map(([key, value]) => ({ key, value }))),
  };
}

const names = (entries: readonly LoaderEntry[]) => entries.map(({ name }) => formatEntryName(name));

/** In the order a loader lists them. */
const LISTED = [
  loaderEntry("m.conf", { "sort-key": "arch", version: "1" }),
  loaderEntry("d+3-0.conf", { "sort-key": "atomic", version: "10" }),
  loaderEntry("c.conf", { "sort-key": "atomic", version: "9" }),
  loaderEntry("b.conf", {
    "sort-key": "atomic",
    "machine-id": "1",
    version: "11",
  }),
  loaderEntry("a.conf", {
    "sort-key": "atomic",
    "machine-id": "2",
    version: "12",
  }),
  loaderEntry("z-10.conf", { version: "1" }),
  loaderEntry("z-9.conf", { version: "2" }),
  loaderEntry("f+1-2.conf", { title: "no sort-key" }),
  loaderEntry("e+0-3.conf", { "sort-key": "atomic", version: "20" }),
  loaderEntry("g+0-1.conf", { title: "no sort-key" }),
];

test("lists by sort-key, machine-id and newest version, then by name, bad ones last", () => {
  assert.equal(names(sortEntries(LISTED.toReversed())), names(LISTED));
});

test("the default is the first, even when all are bad", () => {
  assert.is(defaultEntry(LISTED), LISTED[0]);
  assert.is(defaultEntry(LISTED.slice(-2)), LISTED.at(-2));
  assert.is(defaultEntry([]), undefined);
});

const missing = unmet({ mounts: true, programs: ["bootctl", "mount"] });
const directory = mkdtempSync(join(tmpdir(), "atomic-sort-"));
test.after(() => {
  spawnSync("umount", [directory]);
  rmSync(directory, { recursive: true, force: true });
});

/** The files of `entries` in the order `bootctl list` shows them. */
function listedByBootctl(entries: readonly LoaderEntry[]): string[] {
  rmSync(join(directory, "loader"), { recursive: true, force: true });
  mkdirSync(join(directory, "loader/entries"), { recursive: true });
  for (const { name, entry } of entries) {
    writeFileSync(join(directory, "loader/entries", formatEntryName(name)), formatBlsEntry(entry));
  }
  const env = { ...process.env, SYSTEMD_RELAX_ESP_CHECKS: "1" };
  const { stdout } = spawnSync("bootctl", [`--esp-path=${directory}`, "list", "--json=short"], {
    env,
    encoding: "utf8",
  });
  // One array, or before systemd 257 a record a line.
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const records = JSON.parse(stdout.startsWith("[") ? stdout : `[${lines.join(",")}]`) as { path: string }[];
  return records.map(({ path }) => path.slice(directory.length + 16));
}

test.skipUnless(missing === undefined, missing ?? "")("agrees with bootctl", () => {
  // bootctl accepts only the root of a filesystem
  assert.is(spawnSync("mount", ["-t", "tmpfs", "tmpfs", directory]).status, 0);
  assert.equal(listedByBootctl(LISTED), names(LISTED));

  const stem = fc.string({
    unit: fc.constantFrom(..."ab12.-".split("")),
    minLength: 1,
    maxLength: 5,
  });
  const counter = fc.constantFrom("", "+1-2", "+0-3");
  const text = fc.constantFrom("1", "1.1", "2", "a", "b");
  const candidate = fc
    .tuple(stem, counter, fc.record({ "sort-key": text, "machine-id": text, version: text }, { requiredKeys: [] }))
    .map(([name, count, fields]) => loaderEntry(`x${name}${count}.conf`, fields));
  const candidates = fc.uniqueArray(candidate, {
    selector: ({ name }) => name.stem,
    maxLength: 8,
  });
  fc.assert(
    fc.property(candidates, (entries) => {
      const sorted = sortEntries(entries);
      assert.equal(names(sorted), listedByBootctl(entries));
    }),
    { numRuns: 60 },
  );
});
