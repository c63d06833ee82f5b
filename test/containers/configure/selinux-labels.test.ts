import * as assert from "uvu/assert";
import { parseSecurity } from "../../../src/containers/configure/security-options.ts";
import {
  categoriesOf,
  containerLabels,
  freeCategories,
  sharedLabel,
} from "../../../src/containers/configure/selinux-labels.ts";
import { parseVolume } from "../../../src/containers/configure/volumes.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers/configure/selinux-labels");

const contexts = { process: "system_u:system_r:container_t:s0", file: "system_u:object_r:container_file_t:s0" };
const given = { contexts, parts: {}, unconfined: false, categories: "c1,c2" };

test("gives out every pair of categories once, the lower first, and says when none is left", () => {
  const taken = new Set<string>();
  for (let count = 0; count < 523_776; count++) {
    const pair = freeCategories(taken, () => count / 523_776);
    const [low, high] = /^c(\d+),c(\d+)$/.exec(pair)!.slice(1).map(Number) as [number, number];
    if (!(low < high && high < 1024)) assert.unreachable(pair);
    taken.add(pair);
  }
  assert.is(taken.size, 523_776);
  assert.throws(
    () => freeCategories(taken),
    (error: unknown) => isAtomicError(error, "no-space"),
  );
  taken.delete("c5,c77");
  assert.is(freeCategories(taken), "c5,c77");
});

test("labels a container's processes and files alike, and nobody else's", () => {
  const labels = containerLabels(given);
  assert.equal(labels, {
    process: "system_u:system_r:container_t:s0:c1,c2",
    mount: "system_u:object_r:container_file_t:s0:c1,c2",
  });
  assert.is(categoriesOf(labels), "c1,c2");
  assert.is(sharedLabel(labels.mount!), contexts.file);
});

test("a container that is part of the host is confined by nothing, and its files keep their labels", () =>
  assert.equal(containerLabels({ ...given, unconfined: true }), { process: "system_u:system_r:spc_t:s0" }));

test("changes the parts that are asked for", () => {
  const texts = [
    "label=type:web_t",
    "label=level:s0:c7,c9",
    "label:filetype:web_file_t",
    "label=user:u",
    "label=role:r",
  ];
  const parts = parseSecurity(texts).labelParts!;
  assert.equal(parts, { type: "web_t", level: "s0:c7,c9", filetype: "web_file_t", user: "u", role: "r" });
  assert.equal(containerLabels({ ...given, parts }), {
    process: "u:r:web_t:s0:c7,c9",
    mount: "system_u:object_r:web_file_t:s0:c7,c9",
  });
});

for (const text of [
  "label=type:",
  "label=colour:red",
  "label=type:a:b",
  "label=type:a b",
  "label=enable",
  "label=type:a\0",
])
  test(`refuses ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => parseSecurity([text]),
      (error: unknown) => isAtomicError(error, "unsupported"),
    ));

test("knows which volumes are to be labelled", () => {
  assert.is(parseVolume("/a:/b:Z,ro").relabel, "private");
  assert.is(parseVolume("/a:/b:z").relabel, "shared");
  assert.is(parseVolume("/a:/b").relabel, undefined);
});
