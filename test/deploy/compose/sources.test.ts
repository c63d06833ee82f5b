import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { DebianBase } from "../../../src/deploy/compose/file.ts";
import {
  debianSources,
  machineAptSources,
  parseDeb822Sources,
  parseSourcesList,
} from "../../../src/deploy/compose/sources.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/compose/sources");

const base = (own: Partial<DebianBase> = {}): DebianBase => ({
  suite: "bookworm",
  components: ["main"],
  updates: true,
  mirror: undefined,
  securityMirror: undefined,
  keyring: "/k.gpg",
  ...own,
});

const DEB822 = `# the archive
Types: deb deb-src
# a comment inside
URIs: http://mirror.example/debian/
Suites: trixie trixie-updates
Components: main
 non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://other.example/debian-security
Suites: trixie-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: trixie
Components: main
`;

test("reads deb822 sources: enabled stanzas of binary packages, folded fields and comments", () => {
  assert.equal(parseDeb822Sources(DEB822), [
    {
      uri: "http://mirror.example/debian",
      suites: ["trixie", "trixie-updates"],
      components: ["main", "non-free-firmware"],
    },
    { uri: "http://other.example/debian-security", suites: ["trixie-security"], components: ["main"] },
  ]);
});

test("reads one-line sources, with and without options and comments", () => {
  const text = `deb http://a.example/debian bookworm main contrib # note
  deb [arch=amd64 signed-by=/x.gpg] http://b.example/debian/ bookworm-updates main
#deb http://c.example/debian bookworm main
deb-src http://d.example/debian bookworm main
deb http://e.example/flat ./
`;
  assert.equal(parseSourcesList(text), [
    { uri: "http://a.example/debian", suites: ["bookworm"], components: ["main", "contrib"] },
    { uri: "http://b.example/debian", suites: ["bookworm-updates"], components: ["main"] },
    { uri: "http://e.example/flat", suites: ["./"], components: [] },
  ]);
});

test("reads a machine's sources in apt's order", () => {
  const path = tempDir();
  mkdirSync(join(path, "sources.list.d"));
  writeFileSync(join(path, "sources.list"), "deb http://1.example/debian bookworm main\n");
  writeFileSync(join(path, "sources.list.d/b.sources"), DEB822);
  writeFileSync(join(path, "sources.list.d/a.list"), "deb http://2.example/debian bookworm main\n");
  writeFileSync(join(path, "sources.list.d/c.save"), "deb http://3.example/debian bookworm main\n");
  const uris = machineAptSources(path).map((source) => new URL(source.uri).hostname);
  assert.equal(uris, ["1.example", "2.example", "mirror.example", "other.example"]);
  assert.equal(machineAptSources(join(path, "none")), []);
});

test("takes the release suite alone without updates", () => {
  assert.equal(debianSources(base({ updates: false }), parseDeb822Sources(DEB822)), [
    "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main",
  ]);
});

test("takes another release from a machine's mirrors, updates and security with it", () => {
  assert.equal(debianSources(base(), parseDeb822Sources(DEB822)), [
    "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm main",
    "deb [signed-by=/k.gpg] http://mirror.example/debian bookworm-updates main",
    "deb [signed-by=/k.gpg] http://other.example/debian-security bookworm-security main",
  ]);
});

test("finds security beside the mirror when nothing says where it is", () => {
  const security = (own: Partial<DebianBase>, list: string) => debianSources(base(own), parseSourcesList(list))[2];
  const line = (uri: string) => `deb [signed-by=/k.gpg] ${uri} bookworm-security main`;
  assert.is(security({}, "deb http://a.example/debian bookworm main"), line("http://a.example/debian-security"));
  const known =
    "deb http://a.example/debian bookworm main\ndeb http://b.example/debian-security bookworm-security main";
  assert.is(security({}, known), line("http://b.example/debian-security"));
  assert.is(security({ mirror: "http://c.example/debian/" }, known), line("http://c.example/debian-security"));
  assert.is(security({ securityMirror: "http://d.example/s" }, known), line("http://d.example/s"));
});

test("passes over archives that are not Debian's", () => {
  const others = `deb http://a.example/apt cloud-sdk-bookworm main
deb http://b.example/node_20.x nodistro main
deb http://c.example/linux/debian bookworm stable
deb http://d.example/debian bookworm main`;
  assert.match(debianSources(base(), parseSourcesList(others))[0] ?? "", "http://d.example/debian ");
});

test("says so when there is no mirror", () => {
  assert.throws(
    () => debianSources(base(), []),
    (error: unknown) => isAtomicError(error, "not-found"),
  );
  assert.is(debianSources(base({ mirror: "http://a.example/debian" }), []).length, 3);
});
