import * as assert from "uvu/assert";
import { plainStyle } from "../../../src/commands/render/style.ts";
import { facts, table } from "../../../src/commands/render/table.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/render/table");
const bold = { ...plainStyle, bold: (text: string) => `\x1b[1m${text}\x1b[22m` };

test("aligns columns, numbers to the right, with no space at the end", () => {
  const columns = [{ name: "name" }, { name: "size", right: true }, { name: "note" }];
  assert.is(
    table(
      columns,
      [
        ["a", "5", ""],
        ["longer", "12345", "x"],
      ],
      plainStyle,
    ),
    "NAME     SIZE  NOTE\na           5\nlonger  12345  x",
  );
});

test("is not thrown off by attributes and characters of several bytes", () => {
  const columns = [{ name: "a" }, { name: "b" }];
  assert.is(
    table(
      columns,
      [
        ["\x1b[32m●\x1b[39m", "x"],
        ["ab", "y"],
      ],
      bold,
    ),
    "\x1b[1mA   B\x1b[22m\n\x1b[32m●\x1b[39m   x\nab  y",
  );
});

test("leaves the heading out when no column has a name", () => {
  assert.is(table([{ name: "" }, { name: "" }], [["a", "b"]], bold), "a  b");
  assert.is(table([{ name: "" }], [], bold), "");
});

test("facts leaves out what is not known", () => {
  const known: [string, string | undefined][] = [
    ["a", "1"],
    ["long", ""],
    ["bcd", undefined],
    ["ef", "2"],
  ];
  assert.is(facts(known, plainStyle), "a:   1\nef:  2");
});
