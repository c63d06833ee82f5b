import * as assert from "uvu/assert";
import { parseStateroot } from "../../src/deploy/deployment-id.ts";
import { type Reason, type Retained, retentionReasons } from "../../src/deploy/retention.ts";
import { checksumOf } from "../../src/digest.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/retention");
const stateroot = parseStateroot("default");

/** `B` booted, `p` pinned, `f` failed to boot, `g` known to boot, `o` of another stateroot. */
function order(...marks: string[]): Retained[] {
  return marks.map((mark, serial) => ({
    stateroot: mark.includes("o") ? parseStateroot("other") : stateroot,
    commit: checksumOf(Buffer.from("a")),
    serial,
    booted: mark.includes("B"),
    pinned: mark.includes("p"),
    failed: mark.includes("f"),
    good: mark.includes("g"),
  }));
}

const cases: [name: string, order: Retained[], retain: number, reasons: Reason[][]][] = [
  ["keeps only what there is", order(""), 1, [["default", "retain"]]],
  [
    "keeps no failed one as the rollback",
    order("Bg", "f", "g"),
    1,
    [["default", "booted", "last known good", "retain"], [], ["rollback"]],
  ],
  [
    "keeps default and rollback where nothing is booted",
    order("", "", ""),
    1,
    [["default", "retain"], ["rollback"], []],
  ],
  [
    "keeps the booted one, what boots next and the one after",
    order("", "", "B", "", ""),
    1,
    [["default", "retain"], [], ["booted"], ["rollback"], []],
  ],
  ["keeps the booted one though it is last", order("", "", "B"), 1, [["default", "retain"], [], ["booted"]]],
  ["keeps pinned ones", order("B", "", "", "p"), 1, [["default", "booted", "retain"], ["rollback"], [], ["pinned"]]],
  [
    "keeps the last that is known to boot",
    order("", "B", "", "g", "g"),
    1,
    [["default", "retain"], ["booted"], ["rollback"], ["last known good"], []],
  ],
  ["keeps as many as asked", order("", "", "", ""), 3, [["default", "retain"], ["rollback", "retain"], ["retain"], []]],
  [
    "leaves other stateroots alone",
    order("", "o", "", "", "o"),
    1,
    [["default", "retain"], ["other stateroot"], ["rollback"], [], ["other stateroot"]],
  ],
];
for (const [name, list, retain, reasons] of cases) {
  test(name, () => assert.equal(retentionReasons({ order: list, stateroot, retain }), reasons));
}
