import { openSync, readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import * as linux from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";

const test = suite("linux/memfd");

test("a sealed file in memory can be read and executed, and not be changed", () => {
  const fd = linux.sealedMemfd("name", Buffer.from("content"));
  const path = `/proc/self/fd/${fd}`;
  assert.is(readFileSync(path, "utf8"), "content");
  assert.throws(() => linux.write(fd, Buffer.from("x")), /EPERM/);
  assert.throws(() => linux.ftruncate(fd, 0), /EPERM/);
  assert.throws(() => openSync(path, "w"), /EPERM/);
  const again = linux.open(path, linux.O_RDWR);
  assert.throws(() => linux.pwrite(again, Buffer.from("x"), 0), /EPERM/);
  linux.close(again);
  linux.close(fd);
});
