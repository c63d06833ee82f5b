/** Composes a small Debian host from a mirror, and lets Debian's own programs judge it. */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { debianSources, machineAptSources } from "../../src/deploy/compose/sources.ts";
import { loadComposeFile } from "../../src/deploy/compose/load.ts";
import { composeTree } from "../../src/deploy/compose/tree.ts";
import { isAtomicError } from "../../src/errors.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const IMAGE = resolve(import.meta.dirname, "../../images/host/debian.yaml");
const PACKAGES = [
  "linux-image-cloud-amd64",
  "fsverity",
  "initramfs-tools",
  "kmod",
  "openssh-server",
  "systemd-resolved",
  "systemd-sysv",
  "systemd-timesyncd",
  "udev",
];

const test = suite(
  "interop/compose-debian",
  unmet({ root: true, programs: ["mmdebstrap"], files: [KEYRING] }) ?? noMirror(),
);

function noMirror(): string | undefined {
  try {
    debianSources(loadComposeFile(IMAGE).debian as never, machineAptSources());
    return undefined;
  } catch (error) {
    if (isAtomicError(error, "not-found")) return "needs a Debian mirror in the apt sources";
    throw error;
  }
}

/** The Debian host with fewer packages, so that it takes half a minute. */
function imageFile(): string {
  const path = join(tempDir(), "small.yaml");
  writeFileSync(path, `extends: ${IMAGE}\npackages: ${JSON.stringify(PACKAGES)}\n`);
  return path;
}

let tree: string;
test.before(() => {
  const directory = tempDir();
  chmodSync(directory, 0o711);
  tree = join(directory, "tree");
  composeTree(loadComposeFile(imageFile(), ["debian.updates=true"]), tree);
});

test("has one kernel with its initramfs, and nothing in /boot", () => {
  const [kver, ...more] = readdirSync(join(tree, "usr/lib/modules"));
  assert.equal(more, []);
  for (const name of ["vmlinuz", "initramfs.img", "modules.dep"]) {
    assert.ok(statSync(join(tree, "usr/lib/modules", kver ?? "", name)).size > 100_000, name);
  }
  assert.equal(readdirSync(join(tree, "boot")), []);
});

test("names neither the build machine nor its mirror, and holds no keys", () => {
  assert.is(readFileSync(join(tree, "usr/etc/machine-id"), "utf8"), "uninitialized\n");
  for (const name of ["hostname", "resolv.conf", "apt/sources.list", "ssh/ssh_host_ed25519_key"]) {
    assert.not.ok(existsSync(join(tree, "usr/etc", name)), name);
  }
  const found = execFileSync(
    "sh",
    ["-c", 'grep -rlwF -- "$1" "$2" || true', "sh", `//${hostname()}`, join(tree, "usr/etc")],
    { encoding: "utf8" },
  );
  assert.is(found, "");
});

test("dpkg reads the package database where docs/images.md says it is", () => {
  const list = execFileSync(
    "chroot",
    [tree, "dpkg-query", "--admindir=/usr/lib/sysimage/dpkg", "-W", "-f", "${Package} ${db:Status-Status}\n"],
    {
      encoding: "utf8",
    },
  );
  for (const name of PACKAGES) assert.ok(list.split("\n").includes(`${name} installed`), name);
});

test("systemd-tmpfiles makes a /var from the image in which dpkg works", () => {
  cpSync(join(tree, "usr/etc"), join(tree, "etc"), { recursive: true, verbatimSymlinks: true });
  const script = 'mount -t proc proc "$1/proc" && exec chroot "$1" systemd-tmpfiles --create --prefix=/var';
  execFileSync("unshare", ["--mount", "--propagation", "private", "sh", "-c", script, "sh", tree]);
  assert.is(statSync(join(tree, "var/roothome")).mode & 0o7777, 0o700);
  assert.ok(existsSync(join(tree, "var/roothome/.profile")));
  assert.is(statSync(join(tree, "var/tmp")).mode & 0o7777, 0o1777);
  assert.is(execFileSync("chroot", [tree, "dpkg", "--audit"], { encoding: "utf8" }), "");
});

test("systemd finds the units enabled that the compose file names", () => {
  const state = (unit: string): string => {
    try {
      return execFileSync("chroot", [tree, "systemctl", "is-enabled", unit], { encoding: "utf8" }).trim();
    } catch (error) {
      return String((error as { stdout: unknown }).stdout).trim();
    }
  };
  assert.equal(["ssh.service", "ssh-host-keys.service", "apt-daily.timer", "systemd-firstboot.service"].map(state), [
    "enabled",
    "enabled",
    "disabled",
    "masked",
  ]);
});

const failures = [
  {
    what: "a mirror that cannot be reached",
    settings: ["debian.mirror=http://127.0.0.1:9/debian"],
    says: /the mirror http:\/\/127\.0\.0\.1:9\/debian cannot be reached$/,
  },
  {
    what: "a suite the mirror does not have",
    settings: ["debian.suite=nosuchsuite"],
    says: /has no suite nosuchsuite$/,
  },
];
for (const { what, settings, says } of failures) {
  test(`says in one line: ${what}`, () => {
    const directory = tempDir();
    chmodSync(directory, 0o711);
    assert.throws(
      () => composeTree(loadComposeFile(imageFile(), settings), join(directory, "tree")),
      (error: Error) => isAtomicError(error, "child-failed") && says.test(error.message) && error.hint !== undefined,
    );
  });
}
