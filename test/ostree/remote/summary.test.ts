import fc from "fast-check";
import * as assert from "uvu/assert";
import { checksumOf } from "../../../src/digest.ts";
import { parseRefName } from "../../../src/ostree/ref.ts";
import { sign } from "../../../src/ostree/remote/signature.ts";
import { formatSummary, parseSummary, type Summary, summaryBody } from "../../../src/ostree/remote/summary.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { suite } from "../../support/suite.ts";
import { makeKey } from "./published.ts";

const test = suite("ostree/remote: summary");
const { secret } = makeKey("k");
const named = (text: string) => checksumOf(Buffer.from(text));
const SUMMARY: Summary = {
  timestamp: 1_700_000_000,
  refs: [
    {
      ref: parseRefName("debian/13"),
      commit: named("commit"),
      timestamp: 1_600_000_000,
      version: "13.1",
      signatures: [sign(Buffer.from("x"), secret)],
      packs: [named("pack")],
    },
  ],
  packs: [{ name: named("pack"), index: 10, pack: 20 }],
  deltas: [{ from: named("old"), to: named("commit"), size: 30, checksum: named("delta") }],
};

test("a summary and its signatures survive a round trip", () => {
  const versions = fc.option(fc.string({ maxLength: 50 }), { nil: undefined });
  fc.assert(
    fc.property(versions, fc.nat(), (version, timestamp) => {
      const { version: _, ...ref } = SUMMARY.refs[0]!;
      const refs = [version === undefined ? ref : { ...ref, version }];
      const summary = { ...SUMMARY, timestamp, refs };
      const body = summaryBody(summary);
      const signatures = [sign(body, secret)];
      assert.equal(parseSummary(formatSummary(body, signatures)), { summary, body, signatures });
    }),
  );
});

const fields = JSON.parse(summaryBody(SUMMARY).toString()) as Record<string, unknown> & { refs: object[] };
const change = (changes: object): string => `atomic-summary 1\n\n${JSON.stringify({ ...fields, ...changes })}`;
const changeRef = (changes: object): string => change({ refs: [{ ...fields.refs[0], ...changes }] });
test("a summary of before there were deltas offers none", () => {
  assert.equal(parseSummary(Buffer.from(change({ deltas: undefined }))).summary.deltas, []);
});

const BAD: [what: string, text: string, code?: string][] = [
  ["nothing", ""],
  ["another magic", "atomic-summary 2\n\n{}"],
  ["no empty line", "atomic-summary 1\n{}"],
  ["no JSON", "atomic-summary 1\n\n{"],
  ["null", "atomic-summary 1\n\nnull"],
  ["a newer format", change({ format: 2 }), "unsupported"],
  ["a malformed signature", `atomic-summary 1\nx\n\n${JSON.stringify(fields)}`],
  ["no refs", change({ refs: undefined })],
  ["a negative time", change({ timestamp: -1 })],
  ["a ref that climbs", changeRef({ ref: "../../etc/passwd" })],
  ["a commit that is no checksum", changeRef({ commit: "../x" })],
  ["a pack nobody lists", changeRef({ packs: [named("other")] })],
  ["an endless version", changeRef({ version: "x".repeat(2000) })],
  ["a delta that climbs", change({ deltas: [{ ...SUMMARY.deltas[0], from: "../../x" }] })],
  ["a delta without a size", change({ deltas: [{ ...SUMMARY.deltas[0], size: undefined }] })],
  ["endlessly many deltas", change({ deltas: Array.from({ length: 1025 }, () => SUMMARY.deltas[0]) })],
  ["a pack's size as text", change({ packs: [{ name: named("pack"), index: "1", pack: 2 }] })],
];
for (const [what, text, code = "invalid"] of BAD) {
  test(`refuses ${what}`, async () => {
    assert.is(await codeOf(() => parseSummary(Buffer.from(text))), code);
  });
}
