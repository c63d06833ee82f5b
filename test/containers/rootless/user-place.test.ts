import { chmodSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { userPlace } from "../../../src/containers/rootless/user-place.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("where a user's containers are");
const uid = process.getuid!();

function refused(env: Record<string, string>, message: RegExp): void {
  assert.throws(
    () => userPlace(uid, env),
    (error: unknown) => isAtomicError(error) && message.test(error.message),
  );
}

test("takes the directories of the XDG specification, its own closed to others", () => {
  const home = tempDir();
  const session = join(home, "run");
  mkdirSync(session, { mode: 0o700 });
  const { data, run } = userPlace(uid, { HOME: home, XDG_RUNTIME_DIR: session });
  assert.equal([data, run], [join(home, ".local/share"), join(session, "atomic")]);
  assert.is(statSync(run).mode & 0o777, 0o700);
  assert.is(userPlace(uid, { XDG_DATA_HOME: join(home, "x"), XDG_RUNTIME_DIR: session }).data, join(home, "x"));
});

test("refuses a state directory that somebody else could have made, or could write to", () => {
  const home = tempDir();
  const [open, link] = [join(home, "open"), join(home, "link")];
  mkdirSync(open);
  chmodSync(open, 0o777);
  symlinkSync(home, link);
  refused({ HOME: home, XDG_RUNTIME_DIR: open }, /others may write/);
  refused({ HOME: home, XDG_RUNTIME_DIR: link }, /no directory/);
  refused({ HOME: home, XDG_RUNTIME_DIR: join(home, "none") }, /does not exist/);
  refused({ HOME: home, XDG_RUNTIME_DIR: "relative" }, /does not exist|absolute/);
  refused({ HOME: home, ATOMIC_RUN: open }, /others may write/);
  refused({ HOME: home, ATOMIC_RUN: link }, /no directory/);
  refused({ HOME: home, ATOMIC_RUN: join(home, "a/b") }, /cannot be made [(]ENOENT[)]/);
  assert.throws(
    () => userPlace(uid + 1, { HOME: home, ATOMIC_RUN: home }),
    (error: unknown) => isAtomicError(error, "permission") && /belongs to user/.test((error as Error).message),
  );
});

test("says so where there is no home", () => refused({}, /neither HOME nor XDG_DATA_HOME/));
