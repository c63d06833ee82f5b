import * as assert from "uvu/assert";
import { isAtomicError } from "../../../src/errors.ts";
import { parseKeyring } from "../../../src/gpgv.ts";
import { type Sha256, sha256Of } from "../../../src/ostree/libostree/sha256.ts";
import { encodeSummary, parseSummary, type Summary } from "../../../src/ostree/libostree/summary.ts";
import { parseRepoMode } from "../../../src/ostree/libostree/repo-config.ts";
import { suite } from "../../support/suite.ts";

const test = suite("ostree/libostree/summary");

const CHECKSUM: Sha256 = sha256Of(Buffer.from("commit"));

test("reads back what it writes", () => {
  const summary: Summary = {
    refs: new Map([
      ["a", { checksum: CHECKSUM, size: 300, timestamp: 1_700_000_000, version: "1.0" }],
      ["b/c", { checksum: CHECKSUM, size: 2 ** 40 }],
    ]),
    expires: 1_800_000_000,
    modified: 1_700_000_001,
  };
  assert.equal(parseSummary(encodeSummary(summary)), summary);
  assert.equal(parseSummary(encodeSummary({ refs: new Map() })), { refs: new Map() });
});

const MODES: [string, string | undefined][] = [
  ["[core]\nrepo_version=1\nmode=archive-z2\n", "archive"],
  ["# a comment\n\n[other]\nmode=bare\n[core]\n mode = archive\nrepo_version = 1\n", "archive"],
  ["[core]\nrepo_version=1\n", "bare"],
  ["[core]\nrepo_version=1\nmode=bare-split-xattrs\n", undefined],
  ["[core]\nrepo_version=2\nmode=archive\n", undefined],
  ["", undefined],
];
for (const [text, mode] of MODES) {
  test(`${mode === undefined ? "refuses" : `finds mode ${mode} in`} ${JSON.stringify(text)}`, () => {
    if (mode !== undefined) return assert.is(parseRepoMode(text, "DIR"), mode);
    assert.throws(
      () => parseRepoMode(text, "DIR"),
      (error: unknown) => isAtomicError(error, "unsupported"),
    );
  });
}

test("takes the keys out of an armored file, and refuses what holds none", () => {
  const packet = Buffer.from("98330461", "hex");
  const armored = `-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\n\n${packet.toString("base64")}\n=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n`;
  assert.equal(parseKeyring(Buffer.from(armored + armored), "key"), Buffer.concat([packet, packet]));
  assert.equal(parseKeyring(packet, "key"), packet);
  for (const text of [
    "",
    "key",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n",
  ]) {
    assert.throws(
      () => parseKeyring(Buffer.from(text), "key"),
      (error: unknown) => isAtomicError(error, "invalid"),
    );
  }
});
