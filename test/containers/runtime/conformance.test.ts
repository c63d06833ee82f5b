/** What the OCI validation programs taught us; they are no part of a Debian package (docs/decisions/0022). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync, readlinkSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  containerState,
  createContainer,
  deleteContainer,
  killContainer,
  parseContainerId,
  startContainer,
} from "../../../src/containers/index.ts";
import { planNamespaces } from "../../../src/containers/launch/namespaces.ts";
import type { SeccompAction } from "../../../src/containers/spec/seccomp.ts";
import { type Changes, containersUnmet, launchRequest } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/runtime/conformance", containersUnmet());

let count = 0;

/** Creates and starts a container, and returns what it printed once it has ended. */
async function printed(
  script: string,
  changes: Changes = {},
  look?: (state: string, id: ReturnType<typeof parseContainerId>) => void,
): Promise<string> {
  const bundle = tempDir();
  const { config, rootfs } = launchRequest({ ...changes, args: ["sh", "-c", script] });
  const [state, output] = [join(bundle, "state"), join(bundle, "output")];
  const id = parseContainerId(`atomic-conformance-${process.pid}-${(count += 1)}`);
  const [input, out] = [openSync("/dev/null", "r"), openSync(output, "a")];
  createContainer({ state, id, bundle, rootfs, config, descriptors: [input, out, out], waits: true });
  try {
    startContainer(state, id);
    for (let attempt = 0; containerState(state, id).status !== "stopped" && attempt < 1000; attempt++)
      await new Promise((done) => setTimeout(done, 10));
    look?.(state, id);
    return readFileSync(output, "utf8");
  } finally {
    deleteContainer(state, id, true);
  }
}

for (const noNewPrivileges of [false, true])
  test(`a filter that knows none of our own calls is no hindrance, no_new_privs ${noNewPrivileges}`, async () => {
    // What comes after the filter without no_new_privs: setresuid, capset, prctl and execve, as with runc and crun.
    const names = ["close_range", "umask", "setresgid", "setgroups", "getpid", "memfd_create", "lseek"];
    const seccomp = {
      defaultAction: "SCMP_ACT_ALLOW" as const,
      syscalls: [{ names, action: "SCMP_ACT_ERRNO" as SeccompAction, errnoRet: 1 }],
    };
    const user = { uid: 1, gid: 2, umask: 0o027, additionalGids: [3] };
    const hooks = { startContainer: [{ path: "/bin/true" }] };
    const changes = { process: { user, noNewPrivileges }, linux: { seccomp }, config: { hooks } };
    assert.is(
      await printed("id -u; id -G; grep Umask /proc/self/status; ls /proc/self/fd | wc -l", changes),
      "1\n2 3\nUmask:\t0027\n4\n",
    );
  });

test("makes the nodes a container is to have, whether or not it may use them", async () => {
  const devices = [
    { type: "c" as const, path: "/dev/one", major: 10, minor: 666, fileMode: 0o432 },
    { type: "b" as const, path: "/dev/two", major: 8, minor: 666, fileMode: 0o432, uid: 5, gid: 6 },
    { type: "p" as const, path: "/dev/three", fileMode: 0o432 },
  ];
  const rules = [{ allow: false, access: "rwm" }];
  const script =
    "ls -ln /dev/one /dev/two /dev/three | tr -s ' ' | cut -d' ' -f1,3-5; mknod /dev/four c 10 667; cat /dev/one";
  const changes: Changes = { linux: { devices, resources: { devices: rules } } };
  const lines = (await printed(script, changes)).split("\n");
  assert.equal(lines.slice(0, 3).sort(), ["br---wx-w- 5 6 8,", "cr---wx-w- 0 0 10,", "pr---wx-w- 0 0 0"]);
  assert.match(lines[3]!, /mknod: \/dev\/four: Operation not permitted/);
  assert.match(lines[4]!, /can't open '\/dev\/one': Operation not permitted/);
});

test("a bind mount passes over the options of filesystems that are made, as mount(8) does", async () => {
  const source = tempDir();
  const mounts = [{ destination: "/mnt", source, options: ["bind", "ro", "mode=755", "size=64k"] }];
  assert.match(await printed("grep ' /mnt ' /proc/self/mounts", { mounts }), / \/mnt \S+ ro,/);
});

const NEW_LINUX = Number(release().split(".")[0]) > 6 || /^6[.](1[5-9]|[2-9]\d)[.]/.test(release());
if (NEW_LINUX) {
  test("in a mount namespace of others, a container's mounts are its own all the same", async () => {
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    const own = readlinkSync("/proc/self/ns/mnt");
    const namespaces = (["pid", "network", "uts", "ipc"] as const).map((type) => ({ type }));
    const script = "readlink /proc/self/ns/mnt; ls /; echo $$; touch /dev/x; ls /dev/x; cat /proc/sys/kernel/hostname";
    const shown = `${own}\nbin\ndev\netc\nproc\nsys\ntmp\n1\n/dev/x\nbox\n`;
    assert.is(await printed(script, { linux: { namespaces } }), shown);
    assert.is(readFileSync("/proc/self/mountinfo", "utf8"), before);
    const other = spawn("unshare", ["--mount", "sh", "-c", "echo; exec sleep 1000"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      await once(other.stdout, "data");
      const path = `/proc/${other.pid}/ns/mnt`;
      const theirs = readFileSync(`/proc/${other.pid}/mountinfo`, "utf8");
      const joined = await printed(script, { linux: { namespaces: [...namespaces, { type: "mount", path }] } });
      assert.is(joined, shown.replace(own, readlinkSync(path)));
      assert.is(readFileSync(`/proc/${other.pid}/mountinfo`, "utf8"), theirs);
    } finally {
      other.kill("SIGKILL");
    }
  });
}

test("says which Linux a mount namespace of others needs", () => {
  assert.throws(
    () => planNamespaces([{ type: "pid" }], "6.14.0-1-amd64"),
    /: Linux 6[.]15 is needed, this is 6[.]14[.]0-1-amd64$/,
  );
  assert.ok(planNamespaces([{ type: "pid" }], "6.15.0").sharesMounts);
  assert.ok(planNamespaces([{ type: "pid" }], "7.0.1").sharesMounts);
  assert.not.ok(planNamespaces([{ type: "mount" }], "5.10.0").sharesMounts);
});

test("says what containerd looks for when there is nothing left to kill or delete", async () => {
  const state = tempDir();
  const id = parseContainerId("gone");
  assert.throws(() => deleteContainer(state, id), /does not exist$/);
  assert.throws(() => killContainer(state, id, 15), /does not exist$/);
  await printed("true", {}, (there, stopped) => {
    assert.throws(() => killContainer(there, stopped, 15), /container not running/);
  });
});
