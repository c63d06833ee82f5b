import * as assert from "uvu/assert";
import { modeText } from "../../../src/commands/render/mode.ts";
import { printable } from "../../../src/commands/render/printable.ts";
import { age, utcTime } from "../../../src/commands/render/time.ts";
import { treePath } from "../../../src/commands/tree-path.ts";
import { fromBytes, toText } from "../../../src/bytes.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/render/text");

for (const [seconds, text] of [
  [0, "just now"],
  [59, "just now"],
  [60, "1 minute ago"],
  [7200, "2 hours ago"],
  [6 * 86400, "6 days ago"],
  [15 * 86400, "2 weeks ago"],
  [70 * 86400, "2 months ago"],
  [800 * 86400, "2 years ago"],
  [-61, "in the future"],
] as const) {
  test(`${seconds} seconds ago is '${text}'`, () => assert.is(age(1_700_000_000 - seconds, 1_700_000_000), text));
}

test("times are in UTC", () => assert.is(utcTime(1_700_000_000), "2023-11-14 22:13:20 UTC"));

for (const [kind, mode, text] of [
  ["directory", 0o755, "drwxr-xr-x"],
  ["file", 0o4755, "-rwsr-xr-x"],
  ["file", 0o6644, "-rwSr-Sr--"],
  ["directory", 0o1777, "drwxrwxrwt"],
  ["directory", 0o1770, "drwxrwx--T"],
  ["symlink", 0o777, "lrwxrwxrwx"],
  ["character", 0, "c---------"],
] as const) {
  test(`shows ${kind} ${mode.toString(8)} as ${text}`, () => assert.is(modeText({ kind, mode }), text));
}

test("printable keeps one line and shows control characters", () => {
  assert.is(printable("a\x1b[31m\n\u009bb ü"), "a\\x1b[31m\\x0a\\x9bb ü");
});

for (const [typed, path] of [
  ["", "/"],
  ["/", "/"],
  ["usr/bin/", "/usr/bin"],
  ["/usr/../etc//x", "/etc/x"],
  ["../../x", "/x"],
] as const) {
  test(`reads the path '${typed}' as ${path}`, () => assert.is(toText(treePath(typed)), path));
}

test("reads back every name as it was shown", () => {
  for (const name of [[0xff, 0x0a], [0x5c], [0x5c, 0x78, 0x30, 0x30], [0xc3, 0xbc, 0x1b]]) {
    const path = fromBytes(Buffer.from([0x2f, ...name]));
    assert.is(treePath(toText(path)), path);
  }
});
