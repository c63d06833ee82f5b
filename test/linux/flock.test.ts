import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { close, flock, O_RDONLY, open } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";
import { refusal } from "./refusal.ts";

const test = suite("linux/flock");
const path = join(tempDir(), "lock");
writeFileSync(path, "");

test("excludes, shares, and ends with the descriptor", () => {
  const [a, b] = [open(path, O_RDONLY), open(path, O_RDONLY)];
  flock(a, "shared");
  flock(b, "shared", { nonblocking: true });
  const error = refusal(() => flock(a, "exclusive", { nonblocking: true }));
  assert.is(error.code, "locked");
  assert.match(error.message, /^locking .*\/lock: resource temporarily unavailable \(EAGAIN\)$/);
  close(b);
  flock(a, "exclusive", { nonblocking: true });
  close(a);
});
