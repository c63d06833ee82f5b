import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isKernelError, namesIn } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("linux/names-in");

test("names are sorted, whatever they name", () => {
  const directory = tempDir();
  writeFileSync(join(directory, "b"), "");
  mkdirSync(join(directory, "a"));
  symlinkSync("nowhere", join(directory, "c"));
  assert.equal(namesIn(directory), ["a", "b", "c"]);
});

test("a directory that is not there has none", () => {
  assert.equal(namesIn(join(tempDir(), "missing")), []);
});

test("a symlink to a directory is refused", () => {
  const directory = tempDir();
  symlinkSync(".", join(directory, "link"));
  assert.throws(
    () => namesIn(join(directory, "link")),
    (error: unknown) => isKernelError(error, "ENOTDIR"),
  );
});
