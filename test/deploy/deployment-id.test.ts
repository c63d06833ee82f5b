import * as assert from "uvu/assert";
import {
  bootEntryId,
  deploymentId,
  parseDeploymentId,
  parseDeploymentKarg,
  parseStateroot,
  shortId,
} from "../../src/deploy/deployment-id.ts";
import { checksumOf } from "../../src/digest.ts";
import { isAtomicError } from "../../src/errors.ts";
import { suite } from "../support/suite.ts";

const test = suite("deploy/deployment-id");
const commit = checksumOf(Buffer.from("a"));
const name = { stateroot: parseStateroot("default"), commit, serial: 3 };

test("names a deployment on disk and in the loader", () => {
  assert.is(deploymentId(name), `${commit}.3`);
  assert.is(bootEntryId(name), `default-${commit}.3`);
  assert.is(shortId(name), `${commit.slice(0, 12)}.3`);
});

test("reads those names back", () => {
  assert.equal(parseDeploymentId(`${commit}.3`), { commit, serial: 3 });
  assert.equal(parseDeploymentKarg(`default/${commit}.3`), name);
});

const hostile = [
  "",
  ".",
  "..",
  `${commit}`,
  `${commit}.`,
  `${commit}.-1`,
  `${commit}.01`,
  `${commit}.1x`,
  `${commit}.9999999999`,
  `.${commit}.0.unfinished`,
  `${commit.slice(1)}.0`,
  `../${commit}.0`,
];
for (const text of hostile) {
  test(`takes ${JSON.stringify(text)} for no deployment`, () => {
    assert.is(parseDeploymentId(text), undefined);
    assert.is(parseDeploymentKarg(`default/${text}`), undefined);
  });
}
for (const text of [`${commit}.0`, `/${commit}.0`, `../${commit}.0`, `a/b/${commit}.0`, `-x/${commit}.0`]) {
  test(`takes atomic=${text.replace(commit, "COMMIT")} for no deployment`, () =>
    assert.is(parseDeploymentKarg(text), undefined));
}

for (const text of ["", ".", "..", ".hidden", "-x", "a/b", "a b", "a\0b", "ä", "x".repeat(101)]) {
  test(`refuses ${JSON.stringify(text.slice(0, 10))} as a stateroot`, () => {
    assert.throws(
      () => parseStateroot(text),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });
}
