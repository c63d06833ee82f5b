import * as assert from "uvu/assert";
import { AtomicError } from "../../../src/errors.ts";
import { parsePolicy } from "../../../src/oci/policy/policy-file.ts";
import { requirementsFor, scopesOf } from "../../../src/oci/policy/scopes.ts";
import { parseImageReference } from "../../../src/oci/reference.ts";
import { suite } from "../../support/suite.ts";

const test = suite("oci/policy/policy-file");

const DIGEST = `sha256:${"a".repeat(64)}`;
const ANY = [{ type: "insecureAcceptAnything" }];
const NONE = [{ type: "reject" }];

function parse(value: unknown): ReturnType<typeof parsePolicy> {
  return parsePolicy(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), "P");
}

const SCOPES: { reference: string; expected: string[] }[] = [
  {
    reference: "docker://reg.a.example:5000/team/app:1",
    expected: [
      "reg.a.example:5000/team/app:1",
      "reg.a.example:5000/team/app",
      "reg.a.example:5000/team",
      "reg.a.example:5000",
      "*.a.example",
      "*.example",
    ],
  },
  {
    reference: `docker://busybox@${DIGEST}`,
    expected: [
      `docker.io/library/busybox@${DIGEST}`,
      "docker.io/library/busybox",
      "docker.io/library",
      "docker.io",
      "*.io",
    ],
  },
  { reference: "oci:/a/b:v1", expected: ["/a/b:v1", "/a/b", "/a"] },
  { reference: "oci-archive:/a/b.tar", expected: ["/a/b.tar:", "/a/b.tar", "/a"] },
  { reference: "docker-archive:/a/b.tar", expected: [] },
];

for (const { reference, expected } of SCOPES)
  test(`knows the scopes of ${reference}`, () => assert.equal(scopesOf(parseImageReference(reference)), expected));

test("takes the narrowest scope, then the transport's, then the default", () => {
  const rule = (keyType: string) => [{ type: "signedBy", keyType }];
  const policy = parse({
    default: rule("default"),
    transports: {
      docker: { "": rule("docker"), "r.example": rule("host"), "r.example/a": rule("path"), "r.example/a/b:1": NONE },
      oci: { "/srv": ANY },
    },
  });
  const found = (text: string) => {
    const [first] = requirementsFor(policy, parseImageReference(text));
    return first?.type === "unsupported" ? first.what : first?.type;
  };
  assert.is(found("docker://r.example/a/b:1"), "reject");
  assert.is(found("docker://r.example/a/b:2"), 'keys of type "path"');
  assert.is(found("docker://r.example/b"), 'keys of type "host"');
  assert.is(found("docker://r.example:80/b"), 'keys of type "docker"');
  assert.is(found("oci:/srv/x"), "insecureAcceptAnything");
  assert.is(found("oci:/srvx"), 'keys of type "default"');
  assert.is(found("docker-archive:/srv/x"), 'keys of type "default"');
});

const SIGNED = { type: "sigstoreSigned", keyPath: "/k" };
const HOSTILE: { what: string; policy: unknown; message: RegExp }[] = [
  { what: "no JSON", policy: "{", message: /not JSON/ },
  { what: "no default", policy: { transports: {} }, message: /default: expected at least one/ },
  { what: "no requirement", policy: { default: [] }, message: /at least one requirement/ },
  { what: "an unknown key", policy: { default: ANY, defaults: NONE }, message: /"defaults" is unknown/ },
  { what: "an unknown requirement", policy: { default: [{ type: "accept" }] }, message: /"accept" is no requirement/ },
  { what: "a requirement without type", policy: { default: [{}] }, message: /type: expected text/ },
  {
    what: "more than it knows of a requirement",
    policy: { default: [{ type: "insecureAcceptAnything", unless: 1 }] },
    message: /"unless" is unknown/,
  },
  {
    what: "a key that is there twice",
    policy: '{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}',
    message: /a key is there twice/,
  },
  { what: "no key", policy: { default: [{ type: "sigstoreSigned" }] }, message: /expected one of keyPath/ },
  { what: "two sources of keys", policy: { default: [{ ...SIGNED, keyData: "aa" }] }, message: /expected one of/ },
  { what: "a relative key", policy: { default: [{ ...SIGNED, keyPath: "k" }] }, message: /absolute paths/ },
  {
    what: "a key that is no base64",
    policy: { default: [{ type: "sigstoreSigned", keyData: "!" }] },
    message: /in base64/,
  },
  { what: "no paths", policy: { default: [{ type: "sigstoreSigned", keyPaths: [] }] }, message: /absolute paths/ },
  {
    what: "an unknown identity",
    policy: { default: [{ ...SIGNED, signedIdentity: { type: "matchNothing" } }] },
    message: /"matchNothing" is no signedIdentity/,
  },
  {
    what: "an exact reference without a tag",
    policy: { default: [{ ...SIGNED, signedIdentity: { type: "exactReference", dockerReference: "r.example/a" } }] },
    message: /dockerReference: "r.example\/a" does not fit/,
  },
  {
    what: "a repository with a tag",
    policy: {
      default: [{ ...SIGNED, signedIdentity: { type: "exactRepository", dockerRepository: "r.example/a:1" } }],
    },
    message: /dockerRepository/,
  },
  {
    what: "a prefix with a tag",
    policy: {
      default: [
        { ...SIGNED, signedIdentity: { type: "remapIdentity", prefix: "r.example/a:1", signedPrefix: "s.example" } },
      ],
    },
    message: /prefix: expected a host/,
  },
  { what: "a relative scope", policy: { default: ANY, transports: { oci: { srv: NONE } } }, message: /no such scope/ },
  { what: "a scope with ..", policy: { default: ANY, transports: { oci: { "/a/../b": NONE } } }, message: /no such/ },
  {
    what: "a scope of a transport without any",
    policy: { default: ANY, transports: { "docker-archive": { "/a": NONE } } },
    message: /no such scope/,
  },
];

for (const { what, policy, message } of HOSTILE) {
  test(`rejects a policy with ${what}`, () => {
    assert.throws(
      () => parse(policy),
      (error: unknown) => error instanceof AtomicError && error.code === "invalid" && message.test(error.message),
    );
  });
}

for (const key of ["fulcio", "pki", "rekorPublicKeyPath"]) {
  test(`reads ${key}, which nothing fulfils`, () => {
    assert.equal(parse({ default: [{ ...SIGNED, [key]: {} }] }).default, [
      { type: "unsupported", what: `sigstore's ${key}` },
    ]);
  });
}
