import { closeSync, existsSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  createContainer,
  deleteContainer,
  execInContainer,
  killContainer,
  parseContainerId,
  pauseContainer,
  startContainer,
} from "../../../src/containers/index.ts";
import type { LinuxConfig } from "../../../src/containers/spec/linux.ts";
import type { Process } from "../../../src/containers/spec/process.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { busyboxRoot } from "../../support/busybox.ts";
import { containersUnmet, launchRequest } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/runtime/exec", containersUnmet());

const state = join(tempDir(), "state");
const made: ReturnType<typeof parseContainerId>[] = [];
test.after(() => {
  for (const id of made) deleteContainer(state, id, true);
});

interface Running {
  id: ReturnType<typeof parseContainerId>;
  pid: number;
}

/** A container that sleeps. */
function running(linux: Partial<LinuxConfig> = {}): Running {
  const rootfs = busyboxRoot(["grep", "pwd", "readlink", "sed", "touch"]);
  const { config } = launchRequest({ rootfs, args: ["sleep", "1000"], linux: { ...namespaces(), ...linux } });
  const id = parseContainerId(`atomic-test-exec-${process.pid}-${made.length}`);
  const descriptors = [openSync("/dev/null", "r"), 1, 2] as const;
  const { record } = createContainer({ state, id, bundle: "/", rootfs, config, descriptors, waits: true });
  made.push(id);
  startContainer(state, id);
  return { id, pid: record.process!.pid };
}

function namespaces(): Pick<LinuxConfig, "namespaces"> {
  return { namespaces: (["mount", "pid", "network", "uts", "ipc", "cgroup"] as const).map((type) => ({ type })) };
}

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

async function exec({ id }: Running, args: string[], change: Partial<Process> = {}): Promise<Outcome> {
  const directory = tempDir();
  const [stdout, stderr] = [join(directory, "stdout"), join(directory, "stderr")];
  const descriptors = [openSync("/dev/null", "r"), openSync(stdout, "w"), openSync(stderr, "w")] as const;
  const process: Process = { user: { uid: 0, gid: 0 }, cwd: "/", env: ["PATH=/bin"], args, ...change };
  try {
    const { ended } = execInContainer({ state, id, process, descriptors, detached: false });
    const status = await ended;
    return { status, stdout: readFileSync(stdout, "utf8"), stderr: readFileSync(stderr, "utf8") };
  } finally {
    for (const fd of descriptors) closeSync(fd);
  }
}

async function shell(container: Running, script: string, change: Partial<Process> = {}): Promise<string> {
  const { status, stdout, stderr } = await exec(container, ["sh", "-c", script], change);
  assert.is(stderr, "");
  assert.is(status, 0);
  return stdout;
}

function refused(code: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    assert.ok(isAtomicError(error), String(error));
    assert.is(error.code, code, error.message);
    return;
  }
  assert.unreachable();
}

test("runs a program in all of the container's namespaces, and ends with its status", async () => {
  const container = running();
  const names = ["cgroup", "ipc", "mnt", "net", "pid", "uts"];
  const out = await shell(container, `for n in ${names.join(" ")}; do readlink /proc/self/ns/$n; done; hostname`);
  const expected = names.map((name) => readlinkSync(`/proc/${container.pid}/ns/${name}`));
  assert.equal(out.split("\n"), [...expected, "box", ""]);
  assert.is((await exec(container, ["sh", "-c", "exit 7"])).status, 7);
  assert.is((await exec(container, ["sh", "-c", "kill -9 $$"])).status, 137);
});

test("runs it in the container's groups", async () => {
  const out = await shell(running(), "cat /proc/self/cgroup");
  for (const line of out.trimEnd().split("\n")) assert.match(line, /^\d+:[^:]*:\/$/);
});

test("gives it what the process asks for, and nothing of the caller's", async () => {
  const container = running();
  const change: Partial<Process> = {
    user: { uid: 7, gid: 8, umask: 0o77, additionalGids: [9] },
    env: ["PATH=/bin", "A=b"],
    cwd: "/tmp",
    capabilities: { bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"] },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 11, hard: 12 }],
    noNewPrivileges: true,
    oomScoreAdj: 500,
  };
  const script = `id; umask; pwd; echo $A; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj
    grep -E '^(CapInh|CapBnd|NoNewPrivs):' /proc/self/status; ls /proc/self/fd`;
  assert.is(
    await shell(container, script, change),
    `uid=7 gid=8 groups=9\n0077\n/tmp\nb\n11\n12\n500\nCapInh:\t${"0".repeat(16)}\nCapBnd:\t${"20".padStart(16, "0")}\nNoNewPrivs:\t1\n0\n1\n2\n3\n`,
  );
});

test("puts it under the container's seccomp filter", async () => {
  const seccomp = {
    defaultAction: "SCMP_ACT_ALLOW" as const,
    syscalls: [{ names: ["mkdirat", "mkdir"], action: "SCMP_ACT_ERRNO" as const, errnoRet: 38 }],
  };
  const container = running({ seccomp });
  assert.match((await exec(container, ["busybox", "mkdir", "/tmp/new"])).stderr, /not implemented/);
});

test.needs({ userNamespaces: true })("joins a user namespace as any of its users", async () => {
  const mappings = [
    { containerID: 0, hostID: 0, size: 1 },
    { containerID: 1, hostID: 100001, size: 65535 },
  ];
  const { namespaces: own = [] } = namespaces();
  const linux = { namespaces: [...own, { type: "user" as const }], uidMappings: mappings, gidMappings: mappings };
  const container = running(linux);
  const out = await shell(container, "id; readlink /proc/self/ns/user; grep -c 100001 /proc/self/uid_map", {
    user: { uid: 5, gid: 6 },
  });
  assert.is(out, `uid=5 gid=6\n${readlinkSync(`/proc/${container.pid}/ns/user`)}\n1\n`);
});

for (const [what, cwd, code] of [
  ["a descriptor of the host as", "/proc/self/fd/4", /^changing to the directory/],
  ["a file as", "/bin/sh", /^changing to the directory .*ENOTDIR/],
  ["a missing", "/no/such", /^changing to the directory .*ENOENT/],
] as const)
  test(`refuses ${what} working directory`, async () => {
    const container = running();
    for (let fd = 3; fd < 10; fd++) {
      try {
        const { stdout } = await exec(container, ["ls", "."], { cwd: cwd.replace("4", String(fd)) });
        assert.unreachable(stdout);
      } catch (error) {
        assert.match((error as Error).message, code);
      }
    }
  });

test("a program that does not exist is an error that names it", async () => {
  const container = running();
  for (const [args, message] of [
    [["nosuch"], /^executing nosuch: no such file/],
    [["/etc"], /^executing \/etc: permission denied/],
  ] as const) {
    let said = "";
    await exec(container, [...args]).catch((error: Error) => (said = error.message));
    assert.match(said, message);
  }
});

test("the launch program cannot be reached as a file from inside", async () => {
  const script = "cat /proc/[0-9]*/cmdline | grep -c [l]aunch; readlink /proc/1/exe; ls -d /proc/[0-9]*";
  const { stdout, stderr } = await exec(running(), ["sh", "-c", script]);
  assert.is(stderr, "");
  assert.match(stdout, /^0\n\/bin\/busybox\n\/proc\/1\n\/proc\/\d+\n$/);
});

test("leaves a detached one to itself", async () => {
  const container = running();
  const input = openSync("/dev/null", "r");
  const { pid, ended } = execInContainer({
    state,
    id: container.id,
    process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["/bin/sleep", "1000"] },
    descriptors: [input, 1, 2],
    detached: true,
  });
  closeSync(input);
  assert.is(await ended, 0);
  assert.ok(existsSync(`/proc/${pid}`));
  assert.is(readlinkSync(`/proc/${pid}/ns/pid`), readlinkSync(`/proc/${container.pid}/ns/pid`));
});

test("refuses a container that does not run", () => {
  const container = running();
  const attempt = () =>
    execInContainer({
      state,
      id: container.id,
      process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["true"] },
      descriptors: [0, 1, 2],
      detached: false,
    });
  pauseContainer(state, container.id, true);
  refused("conflict", attempt);
  pauseContainer(state, container.id, false);
  killContainer(state, container.id, 9);
  while (existsSync(`/proc/${container.pid}/root/bin`)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  refused("conflict", attempt);
  deleteContainer(state, container.id, true);
  refused("not-found", attempt);
});
