import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { compileLaunch } from "../../../src/containers/launch/compile.ts";
import type { Mount } from "../../../src/containers/spec/config.ts";
import { MNT_DETACH, mount, umount } from "../../../src/linux/index.ts";
import { busyboxRoot } from "../../support/busybox.ts";
import { type Changes, containersUnmet, launchRequest, runContainer } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/launch/mounts", containersUnmet());

async function shell(script: string, changes: Changes): Promise<string> {
  const { status, stdout, stderr, failure } = await runContainer({ ...changes, args: ["sh", "-c", script] });
  assert.equal([failure?.message, stderr, status], [undefined, "", 0]);
  return stdout;
}

/** A directory with a file of user 1000 in it, and a tmpfs below. */
function sourceTree(): string {
  const source = tempDir();
  chmodSync(source, 0o755);
  writeFileSync(join(source, "file"), "content");
  chownSync(join(source, "file"), 1000, 1001);
  mkdirSync(join(source, "below"));
  mount({ source: "tmpfs", target: join(source, "below"), type: "tmpfs" });
  writeFileSync(join(source, "below/file"), "content");
  return source;
}

test("makes a bind mount read-only with all that is mounted below, or without", async () => {
  const source = sourceTree();
  const script =
    "for d in all one; do for f in $d/new $d/below/new; do (: > /$f) 2>/dev/null && echo $f; done; done; true";
  const mounts = [
    { destination: "/all", type: "bind", source, options: ["rbind", "rro"] },
    { destination: "/one", type: "bind", source, options: ["rbind", "ro"] },
  ];
  assert.is(await shell(script, { mounts }), "one/below/new\n");
  umount(join(source, "below"), MNT_DETACH);
});

const MAPS = { uidMappings: [map(1000, 7)], gidMappings: [map(1001, 8)] };
for (const [what, bind, idmap, below] of [
  ["of one mount", "rbind", "idmap", "0:0"],
  ["of the mounts below it, too", "rbind", "ridmap", "65534:65534"],
  ["where only maps ask for it", "rbind", undefined, "0:0"],
] as const) {
  test.needs({ userNamespaces: true })(`maps the owners ${what}`, async () => {
    const source = sourceTree();
    const options = idmap === undefined ? [bind] : [bind, idmap];
    const mounts = [{ destination: "/mapped", type: "bind", source, options, ...MAPS }];
    const out = await shell("stat -c %u:%g /mapped/file /mapped/below/file", { mounts });
    assert.is(out, `7:8\n${below}\n`);
    umount(join(source, "below"), MNT_DETACH);
  });
}

test.needs({ userNamespaces: true })("maps owners as the container's user namespace does", async () => {
  const mappings = [map(0, 100_000, 65_536)];
  const source = tempDir();
  writeFileSync(join(source, "file"), "");
  chownSync(join(source, "file"), 5, 6);
  chmodSync(source, 0o755);
  const rootfs = busyboxRoot();
  chmodSync(join(rootfs, ".."), 0o755);
  const linux = {
    namespaces: launchRequest({}).config.linux!.namespaces!.concat({ type: "user" }),
    uidMappings: mappings,
    gidMappings: mappings,
  };
  const mounts = [{ destination: "/tmp", type: "bind", source, options: ["bind", "idmap"] }];
  assert.is(await shell("stat -c %u:%g /tmp/file", { rootfs, mounts, linux }), "5:6\n");
});

test("starts a tmpfs with what the image has at its place", async () => {
  const rootfs = busyboxRoot();
  const top = join(rootfs, "var");
  mkdirSync(join(top, "deep"), { recursive: true });
  writeFileSync(join(top, "deep/file"), "x".repeat(100_000));
  chownSync(join(top, "deep/file"), 3, 4);
  chmodSync(join(top, "deep/file"), 0o4751);
  chmodSync(join(top, "deep"), 0o1777);
  symlinkSync("/etc/passwd", join(top, "link"));
  const mounts = [{ destination: "/var", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup", "size=1m", "ro"] }];
  const script = `stat -c '%n %a %u:%g %s %F' /var/deep/file; stat -c '%n %a' /var /var/deep; ls -l /var/link | sed 's/.*> //'
    echo x 2>/dev/null > /var/new || mount | grep -c ' /var type tmpfs (ro,'`;
  const out = await shell(script, { rootfs: withPrograms(rootfs), mounts });
  assert.is(out, "/var/deep/file 4751 3:4 100000 regular file\n/var 755\n/var/deep 1777\n/etc/passwd\n1\n");
  assert.is(readFileSync(join(top, "deep/file"), "utf8").length, 100_000);
});

test("starts a tmpfs empty where the image has nothing", async () => {
  const mounts = [{ destination: "/none", type: "tmpfs", options: ["tmpcopyup"] }];
  assert.is(await shell("ls /none", { mounts }), "");
});

test("copies only what is in the image, wherever its links lead", async () => {
  const rootfs = busyboxRoot();
  symlinkSync("../../../../etc", join(rootfs, "out"));
  const mounts = [{ destination: "/out", type: "tmpfs", options: ["tmpcopyup"] }];
  writeFileSync(join(rootfs, "etc/mine"), "");
  assert.is(await shell("ls /out", { rootfs, mounts }), "mine\n");
});

const REFUSALS: { what: string; mounts: Mount[]; code: string; message: RegExp }[] = [
  {
    what: "to relabel a bind mount",
    mounts: [{ destination: "/x", type: "bind", source: "/", options: ["rbind", "Z"] }],
    code: "unsupported",
    message: /mounting on \/x .*no option Z/,
  },
  {
    what: "a copy in a bind mount",
    mounts: [{ destination: "/x", type: "bind", source: "/", options: ["tmpcopyup"] }],
    code: "unsupported",
    message: /no option tmpcopyup/,
  },
  {
    what: "a copy in another filesystem",
    mounts: [{ destination: "/x", type: "proc", options: ["tmpcopyup"] }],
    code: "invalid",
    message: /only a tmpfs/,
  },
  {
    what: "a copy of another mount",
    mounts: [
      { destination: "/x", type: "tmpfs" },
      { destination: "/x/y", type: "tmpfs", options: ["tmpcopyup"] },
    ],
    code: "unsupported",
    message: /another mount is there/,
  },
  {
    what: "to map owners without maps",
    mounts: [{ destination: "/x", type: "bind", source: "/", options: ["bind", "idmap"] }],
    code: "invalid",
    message: /no ID maps/,
  },
  {
    what: "to map owners of a filesystem",
    mounts: [{ destination: "/x", type: "tmpfs", options: ["idmap"], ...MAPS }],
    code: "unsupported",
    message: /only the owners of bind mounts/,
  },
];
for (const { what, mounts, code, message } of REFUSALS) {
  test(`refuses ${what}`, () => {
    assert.throws(
      () => compileLaunch(launchRequest({ mounts })),
      (error: { code?: string; message: string }) => error.code === code && message.test(error.message),
    );
  });
}

test("does without labels of SELinux where there is none", async () => {
  const linux = { ...launchRequest({}).config.linux, mountLabel: "system_u:object_r:container_file_t:s0:c1,c2" };
  const process = { selinuxLabel: "system_u:system_r:container_t:s0:c1,c2" };
  if (!existsSync("/sys/fs/selinux/enforce")) assert.is(await shell("true", { linux, process }), "");
});

test("refuses to copy too much", () => {
  const rootfs = busyboxRoot();
  mkdirSync(join(rootfs, "many"));
  for (let index = 0; index <= 2000; index += 1) writeFileSync(join(rootfs, "many", String(index)), "");
  const mounts = [{ destination: "/many", type: "tmpfs", options: ["tmpcopyup"] }];
  assert.throws(() => compileLaunch(launchRequest({ rootfs, mounts })), /expected at most 2000 entries/);
});

function map(containerID: number, hostID: number, size = 1): { containerID: number; hostID: number; size: number } {
  return { containerID, hostID, size };
}

function withPrograms(rootfs: string): string {
  for (const program of ["grep", "sed"]) symlinkSync("busybox", join(rootfs, "bin", program));
  return rootfs;
}
