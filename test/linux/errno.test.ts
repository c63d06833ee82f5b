import * as assert from "uvu/assert";
import type { ErrorCode } from "../../src/errors.ts";
import { AtomicError, isAtomicError } from "../../src/errors.ts";
import { failure, isKernelError, KernelError } from "../../src/linux/index.ts";
import { suite } from "../support/suite.ts";

const test = suite("linux/errno");

const CODES: Record<string, ErrorCode> = {
  ENOENT: "not-found",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
  EACCES: "permission",
  EPERM: "permission",
  ENOSYS: "unsupported",
  EOPNOTSUPP: "unsupported",
  ENOTTY: "unsupported",
  EBUSY: "conflict",
  ETXTBSY: "conflict",
  ELOOP: "invalid",
  ENAMETOOLONG: "invalid",
  EIO: "io",
  EAGAIN: "io",
  EUCLEAN: "io",
};
for (const [errno, code] of Object.entries(CODES)) {
  test(`gives ${errno} the code ${code}`, () => {
    const error = failure("trying", { path: "/x", errno });
    assert.is(error.code, code);
    assert.is(error.errno, errno);
    assert.ok(error.message.endsWith(`(${errno})`));
  });
}

test("says what was attempted, on what and why it failed", () => {
  assert.is(
    failure("linking", { path: "/a", to: Buffer.from("/b\n"), errno: "EDQUOT" }).message,
    "linking /a to /b\\x0a: disk quota exceeded (EDQUOT)",
  );
  assert.is(failure("syncing", { errno: "EIO" }).message, "syncing: input/output error (EIO)");
});

test("names the feature the kernel or filesystem lacks", () => {
  const about = { path: "/a", feature: "fs-verity" };
  assert.is(
    failure("enabling fs-verity on", { ...about, errno: "EOPNOTSUPP" }).message,
    "enabling fs-verity on /a: fs-verity is not supported by this filesystem (EOPNOTSUPP)",
  );
  assert.is(
    failure("opening", { ...about, feature: "openat2", errno: "ENOSYS" }).message,
    "opening /a: openat2 is not supported by this kernel (ENOSYS)",
  );
  assert.is(
    failure("enabling fs-verity on", { ...about, errno: "EIO" }).message,
    "enabling fs-verity on /a: input/output error (EIO)",
  );
});

test("lets a call give an errno its own code and reason", () => {
  const about = { path: "/a", errno: "EAGAIN", codes: { EAGAIN: "locked" }, texts: { EAGAIN: "held" } } as const;
  assert.is(failure("locking", about).code, "locked");
  assert.is(failure("locking", about).message, "locking /a: held (EAGAIN)");
});

test("is recognised by type and errno", () => {
  const error = failure("x", { errno: "ENOENT" });
  assert.ok(error instanceof KernelError && error instanceof AtomicError && isAtomicError(error, "not-found"));
  assert.ok(isKernelError(error));
  assert.ok(isKernelError(error, "EEXIST", "ENOENT"));
  assert.not(isKernelError(error, "EEXIST"));
  assert.not(isKernelError(new AtomicError("not-found", "x")));
  assert.not(isKernelError(undefined));
});
