/** The initramfs's script, run on a real sysroot in a mount namespace of its own. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { deploy } from "../../src/deploy/index.ts";
import { makeHost } from "../deploy/host-fixture.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const OVERLAY = resolve(import.meta.dirname, "../../images/host/overlay");
const SCRIPT = join(OVERLAY, "usr/lib/atomic/mount-root");
const SHELLS = [
  SCRIPT,
  join(OVERLAY, "usr/share/initramfs-tools/hooks/atomic"),
  join(OVERLAY, "usr/share/initramfs-tools/scripts/local-bottom/atomic"),
  join(OVERLAY, "usr/lib/dracut/modules.d/90atomic/module-setup.sh"),
];
const MISSING = "0".repeat(64);

/** What the machine would do, or would lose, is replaced; mounts are real. */
const STAGE = `set -e
mount --bind "$1/cmdline" /proc/cmdline
mount --bind "$1/kmsg" /dev/kmsg
[ ! -e /proc/sysrq-trigger ] || mount --bind /dev/null /proc/sysrq-trigger
mount -t tmpfs none /run
mount -t tmpfs none "$1/root"
cp -a "$2/." "$1/root"
status=0
PATH="$1/bin:$PATH" dash "$3" "$1/root" || status=$?
cd "$1/root"
echo "status $status"
cat usr/bin/tool 2>/dev/null || echo "no tree"
touch usr/x x 2>/dev/null && echo "writable root"
touch etc/x var/x 2>/dev/null && echo "writable etc and var"
ls sysroot 2>/dev/null || true
findmnt --noheadings --output SOURCE . || true
cat atomic/boot-failure 2>/dev/null || true
`;

interface Ran {
  output: string[];
  kmsg: string;
}

const test = suite("images/mount-root", unmet({ root: true, mounts: true, programs: ["dash", "fsverity", "findmnt"] }));
let sysroot: string;
let booting: string;
let digest: string;
test.before(async () => {
  const host = await makeHost();
  process.once("exit", () => host.remove());
  await host.commit("1");
  const { id } = await deploy(host.sysroot, { spec: "os/stable" });
  sysroot = host.sysroot.path;
  booting = `default/${id}`;
  const origin = readFileSync(join(sysroot, "atomic/deploy/default/deploy", id, "origin.json"), "utf8");
  digest = (JSON.parse(origin) as { image: string }).image;
});

function mountRoot(cmdline: string): Ran {
  const directory = tempDir();
  for (const name of ["bin", "root"]) mkdirSync(join(directory, name));
  for (const name of ["reboot", "sleep", "modprobe"]) {
    const path = join(directory, "bin", name);
    writeFileSync(path, `#!/bin/sh\n[ ${name} != reboot ] || echo restarted\n`);
    chmodSync(path, 0o755);
  }
  writeFileSync(join(directory, "cmdline"), cmdline);
  writeFileSync(join(directory, "kmsg"), "");
  const argv = ["--mount", "--propagation", "private", "sh", "-c", STAGE, "sh", directory, sysroot, SCRIPT];
  const { stdout, stderr } = spawnSync("unshare", argv, { encoding: "utf8" });
  assert.is(stderr, "");
  return { output: stdout.trimEnd().split("\n"), kmsg: readFileSync(join(directory, "kmsg"), "utf8") };
}

for (const shell of SHELLS) {
  test(`${shell.slice(OVERLAY.length)} is free of syntax errors`, () => {
    const program = shell.endsWith("module-setup.sh") ? "bash" : "dash";
    assert.is(spawnSync(program, ["-n", shell], { encoding: "utf8" }).stderr, "");
  });
}

const lines: { what: string; cmdline: () => string }[] = [
  { what: "the argument alone", cmdline: () => `atomic=${booting}` },
  { what: "others around it, and a line end", cmdline: () => `BOOT_IMAGE=/vmlinuz ro atomic=${booting} quiet\n` },
  { what: "quotes around the argument", cmdline: () => `ro "atomic=${booting}"` },
  { what: "quotes around the value", cmdline: () => `atomic="${booting}" ro` },
  { what: "the last one of several", cmdline: () => `atomic=os/${MISSING}.0 atomic=${booting}` },
  { what: "none inside another's quotes", cmdline: () => `atomic=${booting} dyndbg="file a.c atomic=x +p"` },
  { what: "none of init's", cmdline: () => `atomic=${booting} -- atomic=x` },
  { what: "patterns as they are", cmdline: () => `* atomic=${booting} [a-z]*` },
  { what: "the digest of the image", cmdline: () => `atomic=${booting} atomic.image=${digest}` },
];
for (const { what, cmdline } of lines) {
  test(`mounts the deployment, given ${what}`, () => {
    const { output, kmsg } = mountRoot(cmdline());
    assert.equal(output, ["status 0", "tool 1", "writable etc and var", "atomic", "boot", `atomic:${booting}`]);
    assert.is(kmsg, `<5>atomic: starting ${booting}\n`);
  });
}

test("leaves the physical root alone without the argument", () => {
  const { output, kmsg } = mountRoot('ro xatomic=a atomic.x=b dyndbg="a atomic=b"');
  assert.equal(output, ["status 0", "no tree", "none"]);
  assert.is(kmsg, "");
});

const refused: { what: string; cmdline: () => string; says: () => string }[] = [
  {
    what: "a stateroot that leads elsewhere",
    cmdline: () => `atomic=../${MISSING}.0`,
    says: () => "reading the kernel arguments: atomic=: '..' is no stateroot",
  },
  {
    what: "a stateroot that is a mount option",
    cmdline: () => `atomic=a,rw/${MISSING}.0`,
    says: () => "reading the kernel arguments: atomic=: 'a,rw' is no stateroot",
  },
  {
    what: "more after the deployment",
    cmdline: () => `atomic=${booting}/../x`,
    says: () => `reading the kernel arguments: atomic=: '${booting.split("/")[1]}/../x' is no deployment`,
  },
  {
    what: "a short commit",
    cmdline: () => "atomic=os/abc.0",
    says: () => "reading the kernel arguments: atomic=: 'abc.0' is no deployment",
  },
  {
    what: "a padded serial",
    cmdline: () => `atomic=os/${MISSING}.00`,
    says: () => `reading the kernel arguments: atomic=: '${MISSING}.00' is no deployment`,
  },
  {
    what: "a value without its parts",
    cmdline: () => "atomic=os",
    says: () => "reading the kernel arguments: atomic=: 'os' is no deployment",
  },
  {
    what: "an unknown way to use fs-verity",
    cmdline: () => `atomic=${booting} atomic.verity=off,rw`,
    says: () => "reading the kernel arguments: atomic.verity=: expected require, found 'off,rw'",
  },
  {
    what: "a digest that is none",
    cmdline: () => `atomic=${booting} atomic.image=sha256:0`,
    says: () => "reading the kernel arguments: atomic.image=: expected 64 hex digits, found 'sha256:0'",
  },
  {
    what: "an image of another digest",
    cmdline: () => `atomic=${booting} atomic.image=${MISSING}`,
    says: () => `checking the image: expected sha256:${MISSING}, found sha256:${digest}`,
  },
];
for (const { what, cmdline, says } of refused) {
  test(`restarts, and says why, given ${what}`, () => {
    const line = cmdline();
    const { output, kmsg } = mountRoot(line);
    const name = /^atomic=(\S*)/.exec(line)?.[1];
    assert.equal(output, ["restarted", "status 1", "no tree", "none", name, says()]);
    assert.is(kmsg, `<2>atomic: cannot boot ${name}: ${says()}\n<2>atomic: restarting in 10 seconds\n`);
  });
}

test("restarts, and says why, without the deployment", () => {
  const { output } = mountRoot(`atomic=os/${MISSING}.0`);
  assert.is(output[0], "restarted");
  assert.match(
    output.at(-1) ?? "",
    /^looking for the deployment: no \S*\/atomic\/deploy\/os\/deploy\/0{64}\.0\/image$/,
  );
});
