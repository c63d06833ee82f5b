import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { createDurable } from "../../../src/durable.ts";
import { initRepo } from "../../../src/ostree/index.ts";
import { parsePublicKey } from "../../../src/ostree/remote/public-key.ts";
import {
  addRemote,
  changeKeys,
  findRemote,
  formatRemote,
  listRemotes,
  parseRemote,
  readRemote,
  type Remote,
  removeRemote,
} from "../../../src/ostree/remote/remote-config.ts";
import { generateKeys } from "../../../src/ostree/remote/secret-key.ts";
import { codeOf } from "../../deploy/host-fixture.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("ostree/remote: settings");
const [OLD, NEW] = ["old", "new"].map((name) => parsePublicKey(generateKeys().public, name)) as [
  Remote["keys"][0],
  Remote["keys"][0],
];
const REMOTE: Remote = {
  name: "debian",
  type: "atomic",
  url: "https://example.org/atomic",
  keys: [OLD],
  insecure: false,
};
const store = () => initRepo(join(tempDir(), "repo"), createDurable());

test("adds, lists and removes remotes", async () => {
  const repo = store();
  assert.equal(listRemotes(repo), []);
  await addRemote(repo, REMOTE);
  const usb: Remote = { name: "usb", type: "ostree", url: "file:///mnt", keys: [], insecure: true };
  await addRemote(repo, usb);
  assert.equal(listRemotes(repo), [REMOTE, usb]);
  assert.is(await codeOf(() => addRemote(repo, REMOTE)), "exists");
  await removeRemote(repo, "debian");
  assert.equal(listRemotes(repo), [usb]);
  assert.is(await codeOf(() => readRemote(repo, "debian")), "not-found");
  assert.is(await codeOf(() => removeRemote(repo, "debian")), "not-found");
});

test("keys rotate: one is added, the old one removed, by name or id, and never the last", async () => {
  const repo = store();
  await addRemote(repo, REMOTE);
  assert.is(await codeOf(() => changeKeys(repo, "debian", { remove: ["old"] })), "usage");
  assert.is(await codeOf(() => changeKeys(repo, "debian", { add: [OLD] })), "exists");
  await changeKeys(repo, "debian", { add: [NEW] });
  assert.equal(readRemote(repo, "debian").keys, [OLD, NEW]);
  await changeKeys(repo, "debian", { remove: ["old"] });
  assert.equal(readRemote(repo, "debian").keys, [NEW]);
  assert.is(await codeOf(() => changeKeys(repo, "debian", { remove: ["old"] })), "not-found");
});

const BAD: [what: string, change: Partial<Remote>][] = [
  ["no key and not insecure", { keys: [] }],
  ["keys and insecure", { insecure: true }],
  ["a path as name", { name: "../x" }],
  ["an empty name", { name: "" }],
  ["a hidden name", { name: ".x" }],
  ["a name with a colon", { name: "a:b" }],
  ["a long name", { name: "x".repeat(65) }],
  ["a path as URL", { url: "/srv/repo" }],
  ["another protocol", { url: "ftp://host/x" }],
  ["a query", { url: "https://host/x?y" }],
];
for (const [what, change] of BAD) {
  test(`refuses ${what}`, async () => {
    const repo = store();
    assert.is(await codeOf(() => addRemote(repo, { ...REMOTE, ...change })), "usage");
    assert.equal(listRemotes(repo), []);
  });
}

test("a name no remote can have is not looked for", () => {
  for (const name of ["..", "a/b", ""]) assert.is(findRemote(store(), name), undefined);
});

test("settings survive a round trip", () => {
  const urls = fc.constantFrom("https://a.example/b", "http://[::1]:8080/x", "file:///srv/repo");
  const remotes = fc.record(
    {
      name: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/),
      type: fc.constantFrom("atomic" as const, "ostree" as const),
      url: urls,
      keys: fc.constantFrom<Remote["keys"][]>([OLD], [OLD, NEW]),
      insecure: fc.constant(false),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(remotes, (remote) => assert.equal(parseRemote(formatRemote(remote), remote.name), remote)));
});

const settings = JSON.parse(formatRemote(REMOTE)) as Record<string, unknown>;
const DAMAGED: [what: string, text: string, code: string][] = [
  ["no JSON", "{", "corrupt"],
  ["null", "null", "corrupt"],
  ["no format", JSON.stringify({ ...settings, format: undefined }), "corrupt"],
  ["a newer format", JSON.stringify({ ...settings, format: 2 }), "unsupported"],
  ["another type", JSON.stringify({ ...settings, type: "rpm" }), "corrupt"],
  ["an unknown setting", JSON.stringify({ ...settings, proxy: "x" }), "corrupt"],
  ["a short key", JSON.stringify({ ...settings, keys: [{ name: "x", key: "AAAA" }] }), "corrupt"],
  ["keys taken away", JSON.stringify({ ...settings, keys: [] }), "corrupt"],
  ["a bad URL", JSON.stringify({ ...settings, url: "x" }), "corrupt"],
];
for (const [what, text, code] of DAMAGED) {
  test(`refuses a file with ${what}`, async () => {
    const repo = store();
    await addRemote(repo, REMOTE);
    writeFileSync(join(repo.path, "remotes/debian.json"), text);
    assert.is(await codeOf(() => readRemote(repo, "debian")), code);
  });
}
