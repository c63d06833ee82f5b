import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { AtomicError } from "../../../src/errors.ts";
import { parseRegistryReference } from "../../../src/oci/reference.ts";
import { findCredentials, parseAuthFile } from "../../../src/oci/registry/auth-file.ts";
import { parseChallenge } from "../../../src/oci/registry/challenge.ts";
import {
  endpointsOf,
  joinRegistriesConf,
  parseRegistriesConf,
  wholeName,
} from "../../../src/oci/registry/registries-conf.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("oci/registry/config");

const CONF = parseRegistriesConf(
  `unqualified-search-registries = ["quay.io"]
[aliases]
debian = "docker.io/library/debian"
[[registry]]
location = "reg.example"
insecure = true
[[registry]]
prefix = "reg.example/team"
location = "other.example:5000/moved"
[[registry.mirror]]
location = "mirror.example/team"
insecure = true
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.evil.example"
blocked = true
`,
  "X",
);
const DIGEST = `sha256:${"a".repeat(64)}`;

const ENDPOINTS: { name: string; expected: string[] }[] = [
  { name: "elsewhere.example/a:1", expected: ["elsewhere.example/a"] },
  { name: "reg.example/a:1", expected: ["reg.example/a insecure"] },
  { name: "reg.example.org/a:1", expected: ["reg.example.org/a"] },
  { name: "reg.example/team/a:1", expected: ["mirror.example/team/a insecure", "other.example:5000/moved/a"] },
  {
    name: `reg.example/team/a@${DIGEST}`,
    expected: ["mirror.example/team/a insecure", "digests.example/a", "other.example:5000/moved/a"],
  },
  { name: "reg.example/teams/a:1", expected: ["reg.example/teams/a insecure"] },
];

for (const { name, expected } of ENDPOINTS) {
  test(`asks for ${name} where registries.conf says`, () => {
    const found = endpointsOf(CONF, parseRegistryReference(name));
    assert.equal(
      found.map(({ host, path, insecure }) => `${host}/${path}${insecure ? " insecure" : ""}`),
      expected,
    );
  });
}

test("refuses a blocked registry", () => {
  assert.throws(
    () => endpointsOf(CONF, parseRegistryReference("a.evil.example/b:1")),
    (error: unknown) => error instanceof AtomicError && error.code === "permission",
  );
});

test("completes short names only where it is clear what they mean", () => {
  assert.is(wholeName(CONF, "debian:12"), "docker.io/library/debian:12");
  assert.is(wholeName(CONF, "tools"), "quay.io/tools");
  assert.is(wholeName(CONF, "localhost/tools"), "localhost/tools");
  for (const searched of [[], ["a.io", "b.io"]]) {
    assert.throws(
      () => wholeName({ ...CONF, searched }, "tools"),
      (error: unknown) => error instanceof AtomicError && error.code === "usage",
    );
  }
});

test("joins drop-ins: the last rule for a prefix counts", () => {
  const later = parseRegistriesConf('[[registry]]\nlocation = "reg.example"\n', "Y");
  const [endpoint] = endpointsOf(joinRegistriesConf([CONF, later]), parseRegistryReference("reg.example/a"));
  assert.is(endpoint?.insecure, false);
});

for (const text of [
  "x = ",
  '[[registry]]\nprefix = 1\nlocation = "a"',
  "[[registry]]\ninsecure = true",
  "registry = 1",
]) {
  test(`rejects ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseRegistriesConf(text, "X"),
      (error: unknown) => error instanceof AtomicError && error.code === "invalid",
    );
  });
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
const AUTH = parseAuthFile(
  Buffer.from(
    JSON.stringify({
      auths: {
        "reg.example": { auth: base64("host:pw") },
        "reg.example/team": { auth: base64("team:p:w") },
        "https://index.docker.io/v1/": { auth: base64("docker:pw") },
      },
    }),
  ),
  "X",
);

const CREDENTIALS: [host: string, path: string, user: string | undefined][] = [
  ["reg.example", "a", "host"],
  ["reg.example", "team/a", "team"],
  ["reg.example", "teams/a", "host"],
  ["docker.io", "library/debian", "docker"],
  ["other.example", "a", undefined],
];
for (const [host, path, user] of CREDENTIALS) {
  test(`gives ${host}/${path} the credentials of ${user ?? "nobody"}`, () => {
    assert.is(findCredentials([AUTH], { host, path })?.user, user);
  });
}

test("asks a helper program, and takes a token from it", () => {
  const dir = tempDir();
  const program = join(dir, "docker-credential-test");
  writeFileSync(program, '#!/bin/sh\nread host\necho "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"for $host\\"}"\n');
  chmodSync(program, 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${dir}:${path}`;
  try {
    const file = parseAuthFile(Buffer.from('{"credHelpers":{"reg.example":"test"}}'), "X");
    assert.equal(findCredentials([file], { host: "reg.example", path: "a" }), {
      user: "<token>",
      password: "for reg.example",
      isToken: true,
    });
  } finally {
    process.env["PATH"] = path;
  }
});

test("runs no helper whose name is a path", () => {
  const file = parseAuthFile(Buffer.from('{"credHelpers":{"reg.example":"../sh"}}'), "X");
  assert.throws(
    () => findCredentials([file], { host: "reg.example", path: "a" }),
    (error: unknown) => error instanceof AtomicError && error.code === "invalid",
  );
});

const CHALLENGES: [header: string | undefined, expected: object | undefined][] = [
  [undefined, undefined],
  ["Negotiate", undefined],
  ['Basic realm="x"', { scheme: "basic" }],
  [
    'Bearer realm="https://auth.example/token",service="reg",scope="repository:a:pull,push"',
    {
      scheme: "bearer",
      realm: "https://auth.example/token",
      parameters: { service: "reg", scope: "repository:a:pull,push" },
    },
  ],
  ['Basic realm="a", Bearer realm="https://b"', { scheme: "bearer", realm: "https://b", parameters: {} }],
];
for (const [header, expected] of CHALLENGES) {
  test(`understands the challenge ${header}`, () => {
    assert.equal(parseChallenge(header), expected);
  });
}
