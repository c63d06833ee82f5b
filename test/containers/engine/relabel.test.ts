import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromText } from "../../../src/bytes.ts";
import type { Volume } from "../../../src/containers/configure/volumes.ts";
import { relabelVolume } from "../../../src/containers/engine/relabel.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { getXattr, setXattr } from "../../../src/linux/index.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/engine/relabel", unmet({ root: true }));

const NAME = fromText("security.selinux");
const LABEL = "system_u:object_r:container_file_t:s0:c1,c2";
const label = (path: string) => getXattr(path, NAME);
function volume(source: string, relabel: "private" | "shared"): Volume {
  return { kind: "bind", source, destination: "/data", readOnly: false, options: [], relabel };
}

test("labels a directory with all that is in it, and nothing a symlink leads to", () => {
  const [directory, outside] = [tempDir(), tempDir()];
  mkdirSync(join(directory, "deep/er"), { recursive: true });
  writeFileSync(join(directory, "deep/er/file"), "");
  writeFileSync(join(outside, "file"), "");
  symlinkSync(join(outside, "file"), join(directory, "link"));
  symlinkSync(outside, join(directory, "deep/link"));
  setXattr(join(outside, "file"), { name: NAME, value: fromText("theirs\0") });
  relabelVolume(volume(directory, "private"), LABEL);
  for (const path of ["", "deep", "deep/er", "deep/er/file", "link", "deep/link"])
    assert.is(label(join(directory, path)), `${LABEL}\0`, path);
  assert.is(label(join(outside, "file")), "theirs\0");
  assert.is(label(outside), undefined);
  relabelVolume(volume(directory, "shared"), LABEL);
  assert.is(label(join(directory, "deep/er/file")), "system_u:object_r:container_file_t:s0\0");
});

test("labels a single file, by whatever path it is reached", () => {
  const directory = tempDir();
  writeFileSync(join(directory, "file"), "");
  symlinkSync("file", join(directory, "link"));
  relabelVolume(volume(join(directory, "link"), "private"), LABEL);
  assert.is(label(join(directory, "file")), `${LABEL}\0`);
  assert.is(label(join(directory, "link")), undefined);
});

test("does nothing where it is not asked for, or containers have no labels", () => {
  const directory = tempDir();
  relabelVolume(volume(directory, "private"), undefined);
  const { relabel: _, ...plain } = volume(directory, "private");
  relabelVolume(plain, LABEL);
  assert.is(label(directory), undefined);
});

const link = join(tempDir(), "link");
symlinkSync("/etc", link);
for (const path of [
  "/",
  "/usr",
  "/etc",
  "/etc/",
  "/home",
  "/var/lib/..",
  "/var/log",
  "/root",
  "/proc/self/root/usr",
  link,
])
  test(`refuses to label ${path === link ? "a symlink to /etc" : path}`, () => {
    const call = () => relabelVolume(volume(path, "private"), LABEL);
    assert.throws(call, (error: unknown) => isAtomicError(error, "usage"));
    assert.is(label("/etc"), undefined);
  });
