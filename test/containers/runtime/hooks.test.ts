import { existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  createContainer,
  deleteContainer,
  parseContainerId,
  runHooks,
  runPoststop,
  startContainer,
} from "../../../src/containers/index.ts";
import type { Hook, Hooks, RuntimeConfig } from "../../../src/containers/spec/config.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { type Changes, containersUnmet, launchRequest } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/runtime/hooks", containersUnmet());

let count = 0;
const made: { state: string; id: ReturnType<typeof parseContainerId> }[] = [];
test.after(() => {
  for (const { state, id } of made) deleteContainer(state, id, true);
});

interface Fixture {
  config: RuntimeConfig;
  state: string;
  id: ReturnType<typeof parseContainerId>;
  /** What the container's program and the hooks inside it print to standard error. */
  printed: () => string;
  create: () => ReturnType<typeof createContainer>;
}

function fixture(hooks: Hooks, changes: Changes = {}): Fixture {
  const bundle = tempDir();
  const { config, rootfs } = launchRequest({
    args: ["sh", "-c", "echo the program >&2"],
    ...changes,
    config: { hostname: "box", annotations: { "org.example.key": "value" }, hooks, ...changes.config },
  });
  const [state, output] = [join(bundle, "state"), join(bundle, "output")];
  const id = parseContainerId(`atomic-hooks-${process.pid}-${(count += 1)}`);
  const [input, out] = [openSync("/dev/null", "r"), openSync(output, "a")];
  made.push({ state, id });
  return {
    config,
    state,
    id,
    printed: () => readFileSync(output, "utf8"),
    create: () => createContainer({ state, id, bundle, rootfs, config, descriptors: [input, out, out], waits: true }),
  };
}

function shell(script: string, more: Partial<Hook> = {}): Hook {
  return { path: "/bin/sh", args: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"], ...more };
}

function fails(call: () => unknown, code: string, message: RegExp): void {
  try {
    call();
  } catch (error) {
    assert.ok(isAtomicError(error), String(error));
    assert.match(error.message, message);
    assert.is(error.code, code);
    return;
  }
  assert.unreachable();
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500 && !condition(); attempt++) await new Promise((done) => setTimeout(done, 10));
  assert.ok(condition());
}

test("runs the hooks of every stage in order, each in its place", async () => {
  const log = join(tempDir(), "log");
  const say = (stage: string) => shell(`echo ${stage} $(hostname) >> ${log}`);
  const box = fixture({
    prestart: [say("prestart"), say("prestart-2")],
    createRuntime: [say("createRuntime")],
    createContainer: [say("createContainer"), say("createContainer-2")],
    startContainer: [shell("echo startContainer $(hostname) >&2"), shell("echo startContainer-2 >&2")],
    poststart: [say("poststart")],
    poststop: [say("poststop"), shell("exit 1"), say("poststop-2")],
  });
  const { record } = box.create();
  const host = readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
  const created = [`prestart ${host}`, `prestart-2 ${host}`, `createRuntime ${host}`];
  created.push("createContainer box", "createContainer-2 box");
  assert.equal(readFileSync(log, "utf8").trim().split("\n"), created);
  assert.is(box.printed(), "");
  startContainer(box.state, box.id);
  assert.match(box.printed(), /^startContainer box\nstartContainer-2\n/);
  await until(() => box.printed().endsWith("the program\n"));
  runHooks(record, "poststart", "running");
  deleteContainer(box.state, box.id, true);
  assert.match(runPoststop(record).join(), /^running a poststop hook of the container .*: exited with 1$/);
  const stopped = [`poststart ${host}`, `poststop ${host}`, `poststop-2 ${host}`];
  assert.equal(readFileSync(log, "utf8").trim().split("\n"), [...created, ...stopped]);
});

test("gives every hook the state, with the process ID as that hook sees it", () => {
  const directory = tempDir();
  const save = (name: string) => [shell(`cat > ${directory}/${name}`)];
  const box = fixture({
    createRuntime: save("createRuntime"),
    createContainer: save("createContainer"),
    startContainer: [shell("cat >&2")],
  });
  const { record } = box.create();
  const told = (name: string) => JSON.parse(readFileSync(join(directory, name), "utf8")) as Record<string, unknown>;
  const { bundle } = record;
  const common = { ociVersion: "1.2.0", id: box.id, status: "created", bundle };
  const annotations = { "org.example.key": "value" };
  assert.equal(told("createRuntime"), { ...common, pid: record.process!.pid, annotations });
  assert.equal(told("createContainer"), { ...common, pid: 1, annotations });
  startContainer(box.state, box.id);
  assert.equal(JSON.parse(box.printed().split("the program")[0]!), { ...common, pid: 1, annotations });
});

test("gives a hook inside the container its own name and environment exactly", () => {
  const args = ["odd name", "-c", 'echo "$0" >&2; tr "\\0" "\\n" < /proc/self/environ >&2'];
  const box = fixture({ createContainer: [{ path: "/bin/sh", args, env: ["A=1", "B=two words", "PATH=/usr/bin"] }] });
  box.create();
  assert.is(box.printed(), "odd name\nA=1\nB=two words\nPATH=/usr/bin\n");
});

test("a startContainer hook may do no more than the program", () => {
  const user = { uid: 1234, gid: 5678, additionalGids: [7] };
  const box = fixture(
    { startContainer: [shell("id -u >&2; id -G >&2; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status >&2")] },
    { process: { user, noNewPrivileges: true, capabilities: {} } },
  );
  box.create();
  startContainer(box.state, box.id);
  assert.match(box.printed(), /^1234\n5678 7\nCapEff:\t0{16}\nNoNewPrivs:\t1\n/);
});

test("a createContainer hook finds the container's mounts at the root directory's path", () => {
  const { rootfs } = launchRequest({});
  const box = fixture(
    { createContainer: [shell(`grep -c " ${rootfs}/proc proc " /proc/self/mounts >&2`)] },
    { rootfs },
  );
  box.create();
  assert.is(box.printed(), "1\n");
});

for (const stage of ["prestart", "createRuntime", "createContainer"] as const) {
  test(`a failing ${stage} hook fails the creation, names itself and leaves nothing but a call of poststop`, () => {
    const log = join(tempDir(), "log");
    const poststop = [shell(`echo poststop >> ${log}`)];
    const box = fixture({ [stage]: [shell("exit 3"), shell(`echo not reached >> ${log}`)], poststop });
    fails(box.create, "child-failed", new RegExp(`^running .*${stage} hook .*exited with 3$`));
    assert.is(readFileSync(log, "utf8"), "poststop\n");
    assert.not.ok(existsSync(join(box.state, box.id)));
  });
}

test("a failing startContainer hook fails the start and keeps the program from running", () => {
  const box = fixture({ startContainer: [shell("exit 4"), shell("echo not reached >&2")] });
  box.create();
  const start = () => startContainer(box.state, box.id);
  fails(start, "child-failed", /^running the startContainer hook \/bin\/sh: it exited with 4$/);
  assert.is(box.printed(), "");
  fails(start, "conflict", /^starting the container /);
});

test("a hook inside the container that takes too long is killed and named", () => {
  const slow = shell("exec sleep 1000", { timeout: 1 });
  const early = fixture({ createContainer: [slow] });
  fails(early.create, "child-failed", /^running the createContainer hook \/bin\/sh: it took too long$/);
  const late = fixture({ startContainer: [shell("exit 0", { timeout: 1000 }), slow] });
  late.create();
  fails(() => startContainer(late.state, late.id), "child-failed", /startContainer hook \/bin\/sh: it took too long$/);
});

test("a hook whose program is missing is named", () => {
  const missing = [{ path: "/no/such/hook" }];
  fails(
    fixture({ createContainer: missing }).create,
    "not-found",
    /^running the createContainer hook \/no\/such\/hook: /,
  );
  const late = fixture({ startContainer: missing });
  late.create();
  fails(() => startContainer(late.state, late.id), "not-found", /^running the startContainer hook \/no\/such\/hook: /);
});

test("a program that cannot be executed fails the start", () => {
  const box = fixture({}, { process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["/etc"] } });
  box.create();
  fails(() => startContainer(box.state, box.id), "permission", /^executing \/etc: /);
});

test("a configuration without a process can be created, and not started", () => {
  const box = fixture({});
  delete box.config.process;
  box.create();
  fails(() => startContainer(box.state, box.id), "invalid", /names no program/);
  deleteContainer(box.state, box.id, true);
});
