import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { type ByteString, fromText, toText } from "../../../src/bytes.ts";
import { classifyEtc, type Verdict } from "../../../src/deploy/etc/classify.ts";
import { mergeText } from "../../../src/deploy/etc/merge-text.ts";
import { type EtcDirectory, type EtcFile, type EtcNode } from "../../../src/deploy/etc/tree.ts";
import { suite } from "../../support/suite.ts";
import { carryOut, contentOf, dir, type Entries, file, link, show } from "./trees.ts";

const test = suite("deploy/etc/classify");

const lines = (_path: ByteString, o: EtcFile, l: EtcFile, n: EtcFile) =>
  mergeText(Buffer.from(contentOf(o)), Buffer.from(contentOf(l)), Buffer.from(contentOf(n)));

function merge(base: EtcDirectory, ours: EtcDirectory, theirs: EtcDirectory) {
  const { findings, actions } = classifyEtc(base, ours, theirs, lines);
  return { findings, result: carryOut(theirs, ours, actions) };
}

interface Case {
  name: string;
  base: Entries;
  ours: Entries;
  theirs: Entries;
  result: Entries;
  verdicts: Record<string, Verdict>;
}

const five = "1\n2\n3\n4\n5\n";
const label = (value: string) => ({ xattrs: [{ name: fromText("security.selinux"), value: fromText(value) }] });

const cases: Case[] = [
  {
    name: "takes what the new version changed, added and removed where nothing was touched",
    base: { a: file("old"), gone: file("x"), d: dir({ b: file("b") }) },
    ours: { a: file("old"), gone: file("x"), d: dir({ b: file("b") }) },
    theirs: { a: file("new"), added: file("y"), d: dir({ b: file("b"), c: file("c") }) },
    result: { a: file("new"), added: file("y"), d: dir({ b: file("b"), c: file("c") }) },
    verdicts: { a: "take-new", added: "take-new", gone: "take-new", "d/c": "take-new" },
  },
  {
    name: "keeps what was changed, added and removed here where the new version did nothing",
    base: { a: file("old"), gone: file("x"), d: dir({ b: file("b") }) },
    ours: { a: file("mine"), own: dir({ x: file("x") }), d: dir({ b: file("b"), l: link("../a") }) },
    theirs: { a: file("old"), gone: file("x"), d: dir({ b: file("b") }) },
    result: { a: file("mine"), own: dir({ x: file("x") }), d: dir({ b: file("b"), l: link("../a") }) },
    verdicts: { a: "keep-local", gone: "keep-local", own: "keep-local", "own/x": "keep-local", "d/l": "keep-local" },
  },
  {
    name: "sees the same change on both sides",
    base: { a: file("old"), b: file("b") },
    ours: { a: file("new"), c: file("c") },
    theirs: { a: file("new"), c: file("c") },
    result: { a: file("new"), c: file("c") },
    verdicts: { a: "same-change", b: "same-change", c: "same-change" },
  },
  {
    name: "merges lines changed apart",
    base: { a: file(five) },
    ours: { a: file(five.replace("1", "one")) },
    theirs: { a: file(five.replace("5", "five")) },
    result: { a: file("one\n2\n3\n4\nfive\n") },
    verdicts: { a: "merged" },
  },
  {
    name: "keeps ours and saves theirs beside it when a line was changed by both",
    base: { d: dir({ a: file(five) }) },
    ours: { d: dir({ a: file(five.replace("3", "mine")) }) },
    theirs: { d: dir({ a: file(five.replace("3", "theirs"), { mode: 0o600 }) }) },
    result: {
      d: dir({
        a: file(five.replace("3", "mine")),
        "a.atomic-new": file(five.replace("3", "theirs"), { mode: 0o600 }),
      }),
    },
    verdicts: { "d/a": "conflict" },
  },
  {
    name: "takes a mode of ours and a content of theirs, and the reverse",
    base: { a: file("old"), b: file("old") },
    ours: { a: file("old", { mode: 0o600 }), b: file("mine") },
    theirs: { a: file("new"), b: file("old", { mode: 0o640, gid: 7 }) },
    result: { a: file("new", { mode: 0o600 }), b: file("mine", { mode: 0o640, gid: 7 }) },
    verdicts: { a: "merged", b: "merged" },
  },
  {
    name: "takes a mode of ours together with merged lines",
    base: { a: file(five) },
    ours: { a: file(five.replace("1", "one"), { mode: 0o600 }) },
    theirs: { a: file(five.replace("5", "five"), { uid: 3 }) },
    result: { a: file("one\n2\n3\n4\nfive\n", { mode: 0o600, uid: 3 }) },
    verdicts: { a: "merged" },
  },
  {
    name: "keeps our mode and reports it when both changed it",
    base: { a: file("x") },
    ours: { a: file("x", { mode: 0o600 }) },
    theirs: { a: file("x", { mode: 0o640 }) },
    result: { a: file("x", { mode: 0o600 }) },
    verdicts: { a: "conflict" },
  },
  {
    name: "merges a directory's own mode and owner though nothing below it changed",
    base: { d: dir({ a: file("a") }), e: dir({ a: file("a") }) },
    ours: { d: dir({ a: file("a") }, { mode: 0o700 }), e: dir({ a: file("a") }, { gid: 5 }) },
    theirs: { d: dir({ a: file("a") }), e: dir({ a: file("b") }, { mode: 0o750 }) },
    result: { d: dir({ a: file("a") }, { mode: 0o700 }), e: dir({ a: file("b") }, { mode: 0o750, gid: 5 }) },
    verdicts: { d: "keep-local", e: "merged", "e/a": "take-new" },
  },
  {
    name: "sees a change of xattrs only, and merges them name by name",
    base: { a: file("a", label("old")), b: file("b", label("old")) },
    ours: {
      a: file("a", label("mine")),
      b: file("b", { xattrs: [...label("old").xattrs, { name: fromText("user.x"), value: fromText("1") }] }),
    },
    theirs: { a: file("a", label("old")), b: file("b", label("new")) },
    result: {
      a: file("a", label("mine")),
      b: file("b", { xattrs: [...label("new").xattrs, { name: fromText("user.x"), value: fromText("1") }] }),
    },
    verdicts: { a: "keep-local", b: "merged" },
  },
  {
    name: "keeps a local directory that newly is a file in the new version",
    base: { d: dir({ a: file("a"), b: file("b") }) },
    ours: { d: dir({ a: file("mine"), b: file("b") }) },
    theirs: { d: file("now a file") },
    result: { d: dir({ a: file("mine"), b: file("b") }), "d.atomic-new": file("now a file") },
    verdicts: { d: "conflict" },
  },
  {
    name: "keeps a local file that newly is a directory in the new version",
    base: { d: file("old") },
    ours: { d: file("mine") },
    theirs: { d: dir({ x: dir({ y: file("y") }) }) },
    result: { d: file("mine"), "d.atomic-new": dir({ x: dir({ y: file("y") }) }) },
    verdicts: { d: "conflict" },
  },
  {
    name: "never reaches through a directory the new version replaced by an absolute symlink",
    base: { d: dir({ a: file("a") }) },
    ours: { d: dir({ a: file("mine") }) },
    theirs: { d: link("/etc/other") },
    result: { d: dir({ a: file("mine") }), "d.atomic-new": link("/etc/other") },
    verdicts: { d: "conflict" },
  },
  {
    name: "takes a change of type where nothing was touched here",
    base: { a: file("a"), d: dir({ x: file("x") }), l: link("a") },
    ours: { a: file("a"), d: dir({ x: file("x") }), l: link("a") },
    theirs: { a: dir({ x: file("x") }), d: link("a"), l: file("l") },
    result: { a: dir({ x: file("x") }), d: link("a"), l: file("l") },
    verdicts: { a: "take-new", "a/x": "take-new", d: "take-new", "d/x": "take-new", l: "take-new" },
  },
  {
    name: "keeps a change of type made here",
    base: { a: file("a"), d: dir({ x: file("x") }) },
    ours: { a: link("/srv/a"), d: link("/srv/d") },
    theirs: { a: file("a"), d: dir({ x: file("x") }) },
    result: { a: link("/srv/a"), d: link("/srv/d") },
    verdicts: { a: "keep-local", d: "keep-local", "d/x": "keep-local" },
  },
  {
    name: "keeps a removal and saves what the new version made of the file",
    base: { a: file("a"), b: file("b"), d: dir({ x: file("x") }) },
    ours: {},
    theirs: { a: file("new"), b: file("b", { mode: 0o600 }), d: dir({ x: file("x"), y: file("y") }) },
    result: { "a.atomic-new": file("new"), "d.atomic-new": dir({ x: file("x"), y: file("y") }) },
    verdicts: { a: "conflict", b: "keep-local", d: "conflict" },
  },
  {
    name: "keeps a changed file the new version removed, and of its directory only what is needed",
    base: { d: dir({ a: file("a"), b: file("b"), e: dir({ c: file("c") }) }) },
    ours: { d: dir({ a: file("mine"), b: file("b"), e: dir({ c: file("c") }), own: file("own") }, { mode: 0o700 }) },
    theirs: {},
    result: { d: dir({ a: file("mine"), own: file("own") }, { mode: 0o700 }) },
    verdicts: {
      d: "keep-local",
      "d/a": "conflict",
      "d/b": "take-new",
      "d/e": "take-new",
      "d/e/c": "take-new",
      "d/own": "keep-local",
    },
  },
  {
    name: "lets a removed directory go when only files in it were removed here",
    base: { d: dir({ a: file("a"), b: file("b") }) },
    ours: { d: dir({ b: file("b") }) },
    theirs: {},
    result: {},
    verdicts: { d: "take-new", "d/a": "same-change", "d/b": "take-new" },
  },
  {
    name: "reports two different files that both sides added",
    base: {},
    ours: { a: file("mine") },
    theirs: { a: file("theirs") },
    result: { a: file("mine"), "a.atomic-new": file("theirs") },
    verdicts: { a: "conflict" },
  },
  {
    name: "joins two directories that both sides added",
    base: {},
    ours: { d: dir({ a: file("a") }) },
    theirs: { d: dir({ b: file("b") }) },
    result: { d: dir({ a: file("a"), b: file("b") }) },
    verdicts: { d: "same-change", "d/a": "keep-local", "d/b": "take-new" },
  },
  {
    name: "reports two targets of one symlink",
    base: { l: link("a") },
    ours: { l: link("b") },
    theirs: { l: link("c") },
    result: { l: link("b"), "l.atomic-new": link("c") },
    verdicts: { l: "conflict" },
  },
  {
    name: "replaces what an earlier merge saved by what this one saves",
    base: { a: file("2") },
    ours: { a: file("mine"), "a.atomic-new": file("1") },
    theirs: { a: file("3") },
    result: { a: file("mine"), "a.atomic-new": file("3") },
    verdicts: { a: "conflict" },
  },
  {
    name: "keeps what an earlier merge saved while there is no newer one",
    base: { a: file("2") },
    ours: { a: file("mine"), "a.atomic-new": file("1") },
    theirs: { a: file("2") },
    result: { a: file("mine"), "a.atomic-new": file("1") },
    verdicts: { a: "keep-local", "a.atomic-new": "keep-local" },
  },
  {
    name: "saves nothing under a name that would be too long",
    base: { ["n".repeat(250)]: file("1") },
    ours: { ["n".repeat(250)]: file("mine") },
    theirs: { ["n".repeat(250)]: file("2") },
    result: { ["n".repeat(250)]: file("mine") },
    verdicts: { ["n".repeat(250)]: "conflict" },
  },
];

for (const { name, base, ours, theirs, result, verdicts } of cases) {
  test(name, () => {
    const merged = merge(dir(base), dir(ours), dir(theirs));
    assert.equal(show(merged.result), show(dir(result)));
    const { "": _root, ...found } = Object.fromEntries(
      merged.findings.map(({ path, verdict }) => [toText(path), verdict]),
    );
    assert.equal(
      Object.fromEntries(
        Object.entries(found).filter(([path, verdict]) => verdict !== "unchanged" || path in verdicts),
      ),
      verdicts,
    );
  });
}

test("says why something is a conflict and where theirs is", () => {
  const { findings } = merge(
    dir({ a: file("1"), b: file("1"), c: file("c"), d: file("d") }),
    dir({ a: file("2"), b: dir({}), d: file("d", { mode: 0o600 }) }),
    dir({ a: file("3"), b: file("4"), c: file("C"), d: file("d", { mode: 0o640 }) }),
  );
  assert.equal(
    findings.filter(({ verdict }) => verdict === "conflict").map(({ path, detail, saved }) => [path, detail, saved]),
    [
      ["a", "changed here and in the new version", "a.atomic-new"],
      ["b", "a directory here, a file in the new version", "b.atomic-new"],
      ["c", "removed here, changed in the new version", "c.atomic-new"],
      ["d", "mode: 0600 here, 0640 in the new version", undefined],
    ],
  );
});

test("merges the metadata of /etc itself", () => {
  const { result } = merge(dir({}), dir({}, { mode: 0o751 }), dir({ a: file("a") }));
  assert.is(result.mode, 0o751);
});

const leaf: fc.Arbitrary<EtcNode> = fc.oneof(
  fc.constantFrom("x\n", "y\n", five, five.replace("1", "one"), five.replace("5", "five")).map((text) => file(text)),
  fc.constantFrom(0o600, 0o640).map((mode) => file("x\n", { mode })),
  fc.constantFrom("a", "b").map(link),
);
const { tree } = fc.letrec<{ tree: EtcDirectory; node: EtcNode }>((tie) => ({
  node: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("tree")),
  tree: fc
    .tuple(fc.dictionary(fc.constantFrom("a", "b", "c"), tie("node"), { maxKeys: 3 }), fc.constantFrom(0o755, 0o700))
    .map(([entries, mode]) => dir(entries, { mode })),
}));

test("any merge can be carried out; with two equal sides it is the third", () => {
  fc.assert(
    fc.property(tree, tree, tree, (a, b, c) => {
      merge(a, b, c);
      assert.equal(show(merge(a, a, b).result), show(b), "unchanged here");
      assert.equal(show(merge(a, b, a).result), show(b), "unchanged there");
      assert.equal(show(merge(a, b, b).result), show(b), "the same change");
    }),
    { numRuns: 500 },
  );
});
