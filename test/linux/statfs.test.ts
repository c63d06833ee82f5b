import { statfsSync } from "node:fs";
import * as assert from "uvu/assert";
import { statfs } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/statfs");

test("agrees with Node", () => {
  for (const path of ["/", "/proc", "/dev"]) {
    const expected = statfsSync(path);
    const { type, blockSize, blocks, files } = statfs(path);
    assert.equal(
      { type, blockSize, blocks, files },
      {
        type: expected.type,
        blockSize: expected.bsize,
        blocks: expected.blocks,
        files: expected.files,
      },
    );
  }
});

test("tells filesystems apart and writable from read-only", () => {
  assert.is(statfs("/proc").type, 0x9fa0);
  assert.match(statfs("/").fsid, /^[0-9a-f]{16}$/);
  assert.is.not(statfs("/").fsid, statfs("/proc").fsid);
  assert.is(statfs("/proc").readOnly, false);
});

test("reports a missing path", () => {
  assert.is(refusal(() => statfs("/no/such")).code, "not-found");
});
