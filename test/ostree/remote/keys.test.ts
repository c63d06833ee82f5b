import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { keyId, parsePublicKey } from "../../../src/ostree/remote/public-key.ts";
import { generateKeys, parseSecretKey } from "../../../src/ostree/remote/secret-key.ts";
import {
  formatSignatures,
  MAX_SIGNATURES,
  parseSignatures,
  sign,
  signerOf,
  withSignatures,
} from "../../../src/ostree/remote/signature.ts";
import { run } from "../../../src/spawn.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";
import { codeOf } from "../../deploy/host-fixture.ts";

const test = suite("ostree/remote: keys and signatures");
const MESSAGE = Buffer.from("what is signed\n");

/** A key pair made by another program, read by us. */
function keyPair(publicFile: string, secretFile: string) {
  const publicKey = parsePublicKey(readFileSync(publicFile, "utf8"), "peer");
  const secret = parseSecretKey(readFileSync(secretFile, "utf8"), "peer");
  assert.is(secret.publicKey, publicKey.key);
  return { publicKey, secret };
}

/** The signature in the second line of a file that minisign or signify wrote. */
function peerSignature(file: string): string {
  return Buffer.from(readFileSync(file, "utf8").split("\n")[1]!, "base64").subarray(10).toString("base64");
}

test.needs({ programs: ["openssl"] })("OpenSSL's keys and signatures are ours", () => {
  const dir = tempDir();
  const [key, pub, message, signature] = ["key", "pub", "message", "sig"].map((name) => join(dir, name)) as [
    string,
    string,
    string,
    string,
  ];
  run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key]);
  run(["openssl", "pkey", "-in", key, "-pubout", "-out", pub]);
  const { publicKey, secret } = keyPair(pub, key);
  writeFileSync(message, MESSAGE);
  const ours = sign(MESSAGE, secret);
  writeFileSync(signature, Buffer.from(ours.signature, "base64"));
  run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", pub, "-in", message, "-sigfile", signature]);
  const { stdout } = run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", message]);
  assert.is(stdout.toString("base64"), ours.signature);
  assert.is(signerOf(MESSAGE, [ours], [publicKey]), publicKey);
});

test.needs({ programs: ["openssl"] })("OpenSSL reads the keys we make", () => {
  const dir = tempDir();
  const keys = generateKeys();
  writeFileSync(join(dir, "key"), keys.secret);
  assert.is(run(["openssl", "pkey", "-in", join(dir, "key"), "-pubout"]).stdout.toString(), keys.public);
  assert.is(parseSecretKey(keys.secret, "k").publicKey, parsePublicKey(keys.public, "k").key);
});

test.needs({ programs: ["minisign"] })("minisign's keys are read, and its signatures accepted", () => {
  const dir = tempDir();
  const [key, pub, message] = [join(dir, "key"), join(dir, "pub"), join(dir, "message")];
  run(["minisign", "-G", "-W", "-p", pub, "-s", key]);
  const { publicKey, secret } = keyPair(pub, key);
  writeFileSync(message, MESSAGE);
  run(["minisign", "-S", "-l", "-s", key, "-m", message]);
  const signature = peerSignature(`${message}.minisig`);
  assert.is(signature, sign(MESSAGE, secret).signature);
  assert.is(signerOf(MESSAGE, [{ key: publicKey.key, signature }], [publicKey]), publicKey);
});

test.needs({ programs: ["signify-openbsd"] })("signify's keys are read, and its signatures accepted", () => {
  const dir = tempDir();
  const [key, pub, message] = [join(dir, "k.sec"), join(dir, "k.pub"), join(dir, "message")];
  run(["signify-openbsd", "-G", "-n", "-p", pub, "-s", key]);
  const { publicKey, secret } = keyPair(pub, key);
  writeFileSync(message, MESSAGE);
  run(["signify-openbsd", "-S", "-s", key, "-m", message, "-x", join(dir, "sig")]);
  const signature = peerSignature(join(dir, "sig"));
  assert.is(signature, sign(MESSAGE, secret).signature);
  assert.is(signerOf(MESSAGE, [{ key: publicKey.key, signature }], [publicKey]), publicKey);
});

test("a bare line of base64 is a public key too", () => {
  const { key } = parsePublicKey(generateKeys().public, "k");
  assert.equal(parsePublicKey(`${key}\n`, "bare"), { name: "bare", key });
  assert.match(keyId({ key }), /^[0-9a-f]{16}$/);
});

const RSA = `-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----
`;
const NO_PUBLIC_KEYS = ["", "\n", "hello", "RWQ=", "A".repeat(40), `${"A".repeat(43)}=\n${"A".repeat(43)}=\n`, RSA];

test("refuses what is no public key", async () => {
  for (const text of [...NO_PUBLIC_KEYS, generateKeys().secret])
    assert.is(await codeOf(() => parsePublicKey(text, "k")), "invalid", text);
});

test("refuses what is no secret key, and says when one has a password", async () => {
  for (const text of [...NO_PUBLIC_KEYS, generateKeys().public])
    assert.is(await codeOf(() => parseSecretKey(text, "k")), "invalid", text);
  const encrypted = [
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n",
    Buffer.concat([Buffer.from("EdScB2"), Buffer.alloc(152)]).toString("base64"),
    Buffer.concat([Buffer.from("EdBK\0\0\0*"), Buffer.alloc(96)]).toString("base64"),
  ];
  for (const text of encrypted) assert.is(await codeOf(() => parseSecretKey(text, "k")), "unsupported", text);
});

const [A, B] = [makePair("a"), makePair("b")];

function makePair(name: string) {
  const keys = generateKeys();
  return { secret: parseSecretKey(keys.secret, name), publicKey: parsePublicKey(keys.public, name) };
}

test("only an accepted key vouches, for exactly these bytes", () => {
  const signatures = [sign(MESSAGE, A.secret)];
  assert.is(signerOf(MESSAGE, signatures, [B.publicKey, A.publicKey]), A.publicKey);
  assert.is(signerOf(MESSAGE, signatures, [B.publicKey]), undefined);
  assert.is(signerOf(Buffer.from("something else"), signatures, [A.publicKey]), undefined);
  // A signature under another's name.
  const forged = [{ ...signatures[0]!, key: B.publicKey.key }];
  assert.is(signerOf(MESSAGE, forged, [A.publicKey, B.publicKey]), undefined);
});

test("signing again replaces the key's own signature", () => {
  const [first, other] = [sign(MESSAGE, A.secret), sign(MESSAGE, B.secret)];
  const again = sign(Buffer.from("x"), A.secret);
  assert.equal(withSignatures([first, other], [again]), [other, again]);
});

test("signatures survive a round trip", () => {
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array).toString("base64"));
  const signatures = fc.array(fc.record({ key: bytes(32), signature: bytes(64) }, { noNullPrototype: true }), {
    maxLength: MAX_SIGNATURES,
  });
  fc.assert(fc.property(signatures, (list) => assert.equal(parseSignatures(formatSignatures(list), "x"), list)));
});

test("refuses malformed signatures", async () => {
  const line = formatSignatures([sign(MESSAGE, A.secret)]);
  const bad = [
    "x",
    "\n",
    line.trimEnd(),
    line.replace("ed25519", "rsa"),
    line.replace(" ", "  "),
    `${line}x`,
    line.replace("==\n", "\n"),
    line.repeat(MAX_SIGNATURES + 1),
  ];
  for (const text of bad) assert.is(await codeOf(() => parseSignatures(text, "x")), "invalid", text.slice(0, 200));
});
