import fc from "fast-check";
import * as assert from "uvu/assert";
import { parseBlsEntry } from "../../src/bootloader/bls-entry.ts";
import type { BootFile } from "../../src/bootloader/boot-directory.ts";
import { installedEntries } from "../../src/bootloader/boot-directory.ts";
import type { BootEntry } from "../../src/bootloader/boot-entry.ts";
import { parseEntryName } from "../../src/bootloader/entry-name.ts";
import { planBootSwitch } from "../../src/bootloader/plan-switch.ts";
import type { SwitchStep } from "../../src/bootloader/plan-switch.ts";
import { defaultEntry } from "../../src/bootloader/sort.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("bootloader/plan-switch");

const entry = (id: string, more: Partial<BootEntry> = {}): BootEntry => ({
  id,
  title: `Host ${id}`,
  linux: `atomic/s-${id}/vmlinuz`,
  initrd: [`atomic/s-${id}/initramfs.img`],
  kargs: [`atomic=s/${id}.0`, "ro"],
  ...more,
});

const file = (fileName: string, text: string): BootFile => ({
  fileName,
  loaderEntry: { name: parseEntryName(fileName), entry: parseBlsEntry(text) },
});

const FOREIGN = file("arch.conf", "title Arch\nsort-key zz\nlinux /vmlinuz\n");

/** What the directory holds after `steps`. */
function after(files: readonly BootFile[], steps: readonly SwitchStep[]): BootFile[] {
  return steps.reduce<BootFile[]>(
    (rest, step) =>
      step.kind === "write"
        ? [...rest, file(step.fileName, step.text)]
        : rest.filter(({ fileName }) => fileName !== step.fileName),
    [...files],
  );
}

const switched = (files: readonly BootFile[], wanted: readonly BootEntry[], prefix = "/boot") =>
  after(files, planBootSwitch(files, wanted, prefix));
const shown = (steps: readonly SwitchStep[]) => steps.map(({ kind, fileName }) => `${kind} ${fileName}`);
const ids = (files: readonly BootFile[]) => installedEntries(files, "/boot").map(({ id }) => id);

/** `files` after a loader or user space renamed one. */
const renamed = (files: readonly BootFile[], from: string, to: string): BootFile[] =>
  files.map((each) =>
    each.fileName === from
      ? {
          ...each,
          fileName: to,
          loaderEntry: { ...each.loaderEntry!, name: parseEntryName(to) },
        }
      : each,
  );

const A = entry("a");
const B = entry("b");
const C = entry("c");
const AB = switched([FOREIGN], [B, A]);

test("writes the whole entry", () => {
  const [step] = planBootSwitch([], [entry("a", { extra: [{ key: "x-note", value: "hello" }] })], "/boot");
  assert.equal(step, {
    kind: "write",
    fileName: "atomic-1-a.conf",
    text: `title Host a
version 1
sort-key atomic
linux /boot/atomic/s-a/vmlinuz
initrd /boot/atomic/s-a/initramfs.img
options atomic=s/a.0 ro
x-note hello
`,
  });
});

test("names files from the partition's root when the boot directory is one", () => {
  const [step] = planBootSwitch([], [A], "");
  assert.match(step?.kind === "write" ? step.text : "", "\nlinux /atomic/s-a/vmlinuz\n");
});

test("an upgrade is one new file, then the oldest goes", () => {
  assert.equal(shown(planBootSwitch(AB, [C, B], "/boot")), ["write atomic-3-c.conf", "remove atomic-1-a.conf"]);
});

test("a rollback is one new file, then its old one goes", () => {
  assert.equal(shown(planBootSwitch(AB, [A, B], "/boot")), ["write atomic-3-a.conf", "remove atomic-1-a.conf"]);
});

test("plans nothing when all is as wanted", () => {
  assert.equal(planBootSwitch(AB, [B, A], "/boot"), []);
});

test("writes the default first when all change", () => {
  const wanted = [A, C, B].map(({ id }, index) => entry(id, { title: `Host ${id} (atomic:${index})` }));
  assert.equal(shown(planBootSwitch(AB, wanted, "/boot")), [
    "write atomic-5-a.conf",
    "write atomic-4-c.conf",
    "write atomic-3-b.conf",
    "remove atomic-1-a.conf",
    "remove atomic-2-b.conf",
  ]);
});

test("removing the default leaves it for last", () => {
  const three = switched(AB, [C, B, A]);
  assert.equal(shown(planBootSwitch(three, [A], "/boot")), ["remove atomic-2-b.conf", "remove atomic-3-c.conf"]);
});

test("counts the attempts of a new entry only", () => {
  const wanted = [entry("c", { tries: 3 }), entry("b", { tries: 3 })];
  const files = switched(AB, wanted);
  assert.equal(shown(planBootSwitch(AB, wanted, "/boot"))[0], "write atomic-3-c+3-0.conf");
  assert.equal(planBootSwitch(files, wanted, "/boot"), []);
});

test("keeps what loaders and user space made of a counter", () => {
  const wanted = [entry("c", { tries: 3 }), B];
  const files = switched(AB, wanted);
  for (const [now, moved] of [
    ["atomic-3-c+2-1.conf", "atomic-4-c+2-1.conf"],
    ["atomic-3-c.conf", "atomic-4-c.conf"],
  ] as const) {
    const counted = renamed(files, "atomic-3-c+3-0.conf", now);
    assert.equal(planBootSwitch(counted, wanted, "/boot"), []);
    const retitled = [entry("c", { tries: 3, title: "New title" }), B];
    assert.equal(shown(planBootSwitch(counted, retitled, "/boot")), [`write ${moved}`, `remove ${now}`]);
  }
});

test("a bad entry stays bad, unless it is wanted as the default", () => {
  const files = renamed(switched(AB, [entry("c", { tries: 3 }), B]), "atomic-3-c+3-0.conf", "atomic-3-c+0-3.conf");
  assert.equal(ids(files), ["b", "c"]);
  assert.equal(shown(planBootSwitch(files, [B, entry("c", { tries: 3 })], "/boot")), [
    "write atomic-4-b.conf",
    "remove atomic-2-b.conf",
  ]);
  assert.equal(shown(planBootSwitch(files, [entry("c", { tries: 3 }), B], "/boot")), [
    "write atomic-4-c+3-0.conf",
    "remove atomic-3-c+0-3.conf",
  ]);
});

test("an entry that starts something else is counted anew", () => {
  const changed = entry("b", {
    tries: 3,
    kargs: ["atomic=s/b.0", "ro", "quiet"],
  });
  assert.equal(shown(planBootSwitch(AB, [changed, A], "/boot")), [
    "write atomic-3-b+3-0.conf",
    "remove atomic-2-b.conf",
  ]);
});

test("cleans up what a switch that was cut short left", () => {
  const files = [...AB, { fileName: "atomic-unfinished.tmp", problem: "" }, file("atomic-4-b.conf", "linux /x\n")];
  assert.equal(shown(planBootSwitch(files, [B, A], "/boot")), [
    "write atomic-5-b.conf",
    "remove atomic-unfinished.tmp",
    "remove atomic-4-b.conf",
    "remove atomic-2-b.conf",
  ]);
});

test("outranks an entry of ours whose version someone changed", () => {
  const files = [file("atomic-1-a.conf", "sort-key atomic\nversion 70\nlinux /x\n")];
  assert.equal(shown(planBootSwitch(files, [B], "/boot")), ["write atomic-71-b.conf", "remove atomic-1-a.conf"]);
});

for (const [what, wanted] of Object.entries({
  "no entry": [],
  "the same id twice": [A, B, A],
  "an id with a slash": [entry("a/b")],
  "an id that looks like a counter": [entry("a+3-0")],
  "an empty id": [entry("")],
  "an overlong id": [entry("a".repeat(201))],
  "a title of two lines": [entry("a", { title: "a\nlinux /evil" })],
  "a kernel outside the boot directory": [entry("a", { linux: "../vmlinuz" })],
  "a karg that is two": [entry("a", { kargs: ["a b"] })],
  "an extra field that is not extra": [entry("a", { extra: [{ key: "version", value: "9" }] })],
  "more than 99 tries": [entry("new", { tries: 100 })],
})) {
  test(`rejects ${what}`, () => {
    assert.throws(
      () => planBootSwitch(AB, wanted, "/boot"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  });
}

test("reads back what it wrote", () => {
  const wanted = [entry("b", { extra: [{ key: "x-note", value: "hello" }] }), entry("a", { initrd: [], kargs: [] })];
  for (const prefix of ["/boot", ""]) {
    const read = installedEntries(switched([FOREIGN], wanted, prefix), prefix);
    assert.equal(read, [
      { ...wanted[0], order: 2 },
      { ...wanted[1], order: 1, extra: [] },
    ]);
  }
});

const wantedList = fc.uniqueArray(
  fc.record(
    {
      id: fc.constantFrom("a", "b", "c", "d"),
      title: fc.constantFrom("x", "y"),
      tries: fc.constantFrom(2, 3),
    },
    { requiredKeys: ["id", "title"], noNullPrototype: true },
  ),
  { selector: ({ id }) => id, minLength: 1 },
);

test("every prefix of a plan starts the old or the new default; the whole leaves what is wanted", () => {
  fc.assert(
    fc.property(fc.array(wantedList, { minLength: 2, maxLength: 5 }), (history) => {
      let files: BootFile[] = [FOREIGN];
      for (const wanted of history.map((list) => list.map(({ id, ...more }) => entry(id, more)))) {
        const steps = planBootSwitch(files, wanted, "/boot");
        const before = installedEntries(files, "/boot")[0]?.id;
        const seen = steps.map((_, count) => ids(after(files, steps.slice(0, count)))[0]);
        assert.ok(
          seen.every((id) => id === before || id === wanted[0]?.id),
          shown(steps).join(", "),
        );
        files = after(files, steps);
        assert.equal(
          ids(files),
          wanted.map(({ id }) => id),
        );
        assert.is(defaultEntry(files.map((each) => each.loaderEntry!))?.name.stem.endsWith(wanted[0]!.id), true);
        assert.ok(files.includes(FOREIGN));
      }
    }),
  );
});
