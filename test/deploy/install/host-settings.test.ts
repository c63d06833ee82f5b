import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { authorizeRoot, mountBoot } from "../../../src/deploy/install/host-settings.ts";
import { createDurable } from "../../../src/durable.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/install/host-settings");
const disk = createDurable();
const LINE = "UUID=AB-12 /boot vfat umask=0077,nofail,x-systemd.device-timeout=10min,nosuid,nodev,noexec 0 2\n";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA you@example.org";

for (const [what, before, after] of [
  ["no fstab", undefined, LINE],
  ["a comment", "# UNCONFIGURED FSTAB\n", `# UNCONFIGURED FSTAB\n${LINE}`],
  ["a missing line feed", "tmpfs /tmp tmpfs", `tmpfs /tmp tmpfs\n${LINE}`],
  ["/boot/efi", "x /boot/efi vfat\n", `x /boot/efi vfat\n${LINE}`],
  ["/boot in a comment", "#x /boot vfat\n", `#x /boot vfat\n${LINE}`],
  ["/boot", "LABEL=x\t/boot\text4 defaults 0 2\n", "LABEL=x\t/boot\text4 defaults 0 2\n"],
] as const) {
  test(`mounts /boot when the image has ${what}`, () => {
    const etc = tempDir();
    if (before !== undefined) writeFileSync(join(etc, "fstab"), before);
    mountBoot(disk, etc, "AB-12");
    assert.is(readFileSync(join(etc, "fstab"), "utf8"), after);
  });
}

test("the first boot makes root's keys, readable for root only", () => {
  const etc = tempDir();
  authorizeRoot(disk, etc, `# mine\n\n${KEY}\r\n`);
  const path = join(etc, "tmpfiles.d/atomic-root-ssh.conf");
  const encoded = Buffer.from(`${KEY}\n`).toString("base64");
  assert.is(
    readFileSync(path, "utf8"),
    `d /root/.ssh 0700 root root -\nf~ /root/.ssh/authorized_keys 0600 root root - ${encoded}\n`,
  );
  assert.is(statSync(path).mode & 0o777, 0o600);
});

for (const keys of ["", "# none\n", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n", `${KEY}\nnonsense\n`]) {
  test(`refuses ${JSON.stringify(keys).slice(0, 40)} as keys`, () =>
    assert.throws(
      () => authorizeRoot(disk, tempDir(), keys),
      (error: unknown) => isAtomicError(error, "invalid"),
    ));
}

test("does not follow a symlink in the image's /etc", () => {
  const [etc, outside] = [tempDir(), tempDir()];
  symlinkSync(outside, join(etc, "tmpfiles.d"));
  assert.throws(() => authorizeRoot(disk, etc, KEY));
  writeFileSync(join(outside, "fstab"), "");
  mkdirSync(join(etc, "x"));
  symlinkSync(join(outside, "fstab"), join(etc, "x/fstab"));
  assert.throws(() => mountBoot(disk, join(etc, "x"), "AB-12"));
  assert.is(readFileSync(join(outside, "fstab"), "utf8"), "");
});
