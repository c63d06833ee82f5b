import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { findChecks } from "../../../src/deploy/health/find-checks.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/health/find-checks");

/** A root with these files; `-x` after a path: not executable, `-> ` a link. */
function rootWith(...files: string[]): string {
  const root = tempDir();
  for (const file of files) {
    const [name = "", to] = file.split(" -> ");
    const path = join(root, name.replace(/ -x$/, ""));
    mkdirSync(dirname(path), { recursive: true });
    if (to !== undefined) symlinkSync(to, path);
    else writeFileSync(path, "#!/bin/sh\n");
    if (to === undefined) chmodSync(path, file.endsWith(" -x") ? 0o644 : 0o755);
  }
  return root;
}

function found(...files: string[]): string[] {
  const root = rootWith(...files);
  return findChecks(root).map(
    ({ path, required }) => `${required ? "required" : "wanted"} ${path.slice(root.length + 1)}`,
  );
}

test("finds none on a host without checks", () => assert.equal(found(), []));

test("sorts by name, required ones first, greenboot's among them", () =>
  assert.equal(
    found(
      "etc/atomic/health.d/wanted.d/1-w",
      "etc/atomic/health.d/required.d/2-b",
      "usr/lib/atomic/health.d/required.d/1-a",
      "usr/lib/greenboot/check/required.d/15-g.sh",
      "etc/greenboot/check/wanted.d/0-g.sh",
    ),
    [
      "required usr/lib/atomic/health.d/required.d/1-a",
      "required usr/lib/greenboot/check/required.d/15-g.sh",
      "required etc/atomic/health.d/required.d/2-b",
      "wanted etc/greenboot/check/wanted.d/0-g.sh",
      "wanted etc/atomic/health.d/wanted.d/1-w",
    ],
  ));

test("lets a file in /etc replace that of the image, or turn it off", () =>
  assert.equal(
    found(
      "etc/atomic/health.d/required.d/a",
      "usr/lib/atomic/health.d/required.d/a",
      "etc/atomic/health.d/required.d/b -> /dev/null",
      "usr/lib/atomic/health.d/required.d/b",
      "etc/atomic/health.d/required.d/c -x",
      "usr/lib/atomic/health.d/required.d/c",
    ),
    ["required etc/atomic/health.d/required.d/a"],
  ));

test("passes over what is no program, and what editors and merges leave", () =>
  assert.equal(
    found(
      ...["readme -x", ".hidden", "a~", "a.dpkg-old", "a.atomic-new", "gone -> nowhere", "directory/x"].map(
        (name) => `etc/atomic/health.d/required.d/${name}`,
      ),
    ),
    [],
  ));

test("refuses more than a boot could run", () => {
  const root = rootWith(...Array.from({ length: 257 }, (_, index) => `etc/atomic/health.d/wanted.d/${index}`));
  assert.throws(
    () => findChecks(root),
    (error: unknown) => isAtomicError(error, "invalid"),
  );
});
