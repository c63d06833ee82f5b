import * as assert from "uvu/assert";
import { debianMirror } from "./debian-extract.ts";
import { peer } from "./peers.ts";
import { suite } from "./suite.ts";

const test = suite("support/peers");

const SOURCES: [string, string[], string | undefined][] = [
  ["a deb822 stanza", ["Types: deb\nURIs: http://mirror.test/debian\nSuites: x\n"], "http://mirror.test/debian"],
  [
    "a one-line entry",
    ["# deb http://no.test/debian x main\ndeb [arch=amd64] https://mirror.test/debian/ x main"],
    "https://mirror.test/debian/",
  ],
  [
    "archives that are not Debian's",
    ["URIs: http://x.test/debian-security\nURIs: http://y.test/ubuntu http://z.test/debian"],
    "http://z.test/debian",
  ],
  ["no archive", ["", "deb cdrom:[Debian]/ x main"], undefined],
];
for (const [name, texts, expected] of SOURCES) {
  test(`finds the Debian mirror in ${name}`, () => assert.is(debianMirror(texts), expected));
}

test("uses an installed program", () => {
  const { argv, missing } = peer("sh");
  assert.is(missing, undefined);
  assert.match(argv.join(" "), /^\S+\/sh$/);
});

test("says why a peer is missing, and refuses a cache others could write", () => {
  const before = process.env["ATOMIC_PEERS"];
  process.env["ATOMIC_PEERS"] = "/tmp"; // world-writable
  try {
    assert.match(
      peer("nonesuch", { package: "none", suite: "never" }).missing ?? "",
      /needs the peer program nonesuch .*never.*none.*written by others/,
    );
  } finally {
    if (before === undefined) delete process.env["ATOMIC_PEERS"];
    else process.env["ATOMIC_PEERS"] = before;
  }
});
