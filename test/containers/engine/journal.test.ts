import * as assert from "uvu/assert";
import { parseJournal } from "../../../src/containers/engine/journal.ts";
import { suite } from "../../support/suite.ts";

const test = suite("logs in the journal");
const entry = (fields: Record<string, unknown>) =>
  `${JSON.stringify({ __CURSOR: "s=1;i=2", __REALTIME_TIMESTAMP: "1767323045123456", ...fields })}\n`;

test("makes lines of entries, text or bytes", () => {
  const { frames, cursor } = parseJournal(
    entry({ MESSAGE: "one" }) + entry({ MESSAGE: [0xff, 0x41], __CURSOR: "s=3" }),
  );
  assert.is(cursor, "s=3");
  assert.equal(
    frames.map(({ time, stream, bytes }) => [time, stream, bytes.toString("latin1")]),
    [
      [1767323045123, "stdout", "one\n"],
      [1767323045123, "stdout", "\u00ffA\n"],
    ],
  );
});

test("leaves out entries without a message", () => {
  assert.equal(parseJournal(entry({}) + entry({ MESSAGE: null })), { frames: [], cursor: "s=1;i=2" });
  assert.equal(parseJournal(""), { frames: [] });
});

test("refuses what is no JSON", () => {
  assert.throws(
    () => parseJournal("Hint: you are not in the group\n"),
    (error: { code?: string }) => error.code === "corrupt",
  );
});
