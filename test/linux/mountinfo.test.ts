import * as assert from "uvu/assert";
import { parseMountinfo } from "../../src/linux/mountinfo.ts";
import { readMounts } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";

const test = suite("linux/mountinfo");

test("reads path, type and source, with optional fields and without", () => {
  const text = [
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw",
    "30 22 0:5 / /a\\040b rw master:2 propagate_from:3 - tmpfs a\\011b rw,size=1k",
    "31 22 0:6 /x /c ro - overlay atomic:os/1.0 ro,lowerdir=/l",
    "",
  ].join("\n");
  assert.equal(parseMountinfo(text), [
    { path: "/", type: "ext4", source: "/dev/vda1" },
    { path: "/a b", type: "tmpfs", source: "a\tb" },
    { path: "/c", type: "overlay", source: "atomic:os/1.0" },
  ]);
});

test("leaves out what is no mount", () => {
  assert.equal(parseMountinfo("1 2 3\n - \n1 2 3:4 / /x rw - ext4\nnothing"), []);
});

test("knows the root and /proc of this process", () => {
  const paths = readMounts().map(({ path }) => path);
  assert.ok(paths.includes("/") && paths.includes("/proc"));
});
