import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  containerState,
  createContainer,
  deleteContainer,
  killContainer,
  listContainers,
  parseContainerId,
  parseSignal,
  pauseContainer,
  runHooks,
  startContainer,
} from "../../../src/containers/index.ts";
import { identify } from "../../../src/containers/runtime/process-identity.ts";
import type { RuntimeConfig } from "../../../src/containers/spec/config.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { containersUnmet, launchRequest } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/runtime/lifecycle", containersUnmet());

interface Fixture {
  state: string;
  id: ReturnType<typeof parseContainerId>;
  output: string;
}
let count = 0;
const containers: Pick<Fixture, "state" | "id">[] = [];
test.after(() => {
  for (const { state, id } of containers) deleteContainer(state, id, true);
});

function create(script: string, change: Partial<RuntimeConfig> = {}): Fixture & ReturnType<typeof createContainer> {
  const bundle = tempDir();
  const { config, rootfs } = launchRequest({ args: ["sh", "-c", script], config: change });
  const [state, output] = [join(bundle, "state"), join(bundle, "output")];
  const id = parseContainerId(`atomic-test-${process.pid}-${(count += 1)}`);
  const out = openSync(output, "w");
  const created = createContainer({
    state,
    id,
    bundle,
    rootfs,
    config,
    descriptors: [openSync("/dev/null", "r"), out, out],
    waits: true,
  });
  containers.push({ state, id });
  return { state, id, output, ...created };
}

function refused(code: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    assert.ok(isAtomicError(error), String(error));
    assert.is(error.code, code);
    return;
  }
  assert.unreachable();
}

async function status({ state, id }: Fixture, wanted: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (containerState(state, id).status === wanted) return;
    await pause();
  }
  assert.is(containerState(state, id).status, wanted);
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 10));
}

test("goes from created to running to stopped, and is gone when deleted", async () => {
  const container = create("echo started; exec sleep 1000");
  const { state, id, record } = container;
  const { pid, ...rest } = containerState(state, id);
  assert.equal(rest, { ociVersion: "1.2.0", id, status: "created", bundle: record.bundle });
  assert.is(readFileSync(container.output, "utf8"), "");
  assert.equal(listContainers(state), [id]);
  refused("conflict", () => deleteContainer(state, id));
  refused("conflict", () => pauseContainer(state, id, true));
  startContainer(state, id);
  refused("conflict", () => startContainer(state, id));
  await status(container, "running");
  while (readFileSync(container.output, "utf8") === "") await pause();
  const group = record.cgroups.find(({ name }) => name === "memory" || name === "")!.directory;
  assert.match(readFileSync(join(group, "cgroup.procs"), "utf8"), new RegExp(`^${pid}$`, "m"));
  pauseContainer(state, id, true);
  assert.is(containerState(state, id).status, "paused");
  pauseContainer(state, id, false);
  killContainer(state, id, parseSignal("KILL"));
  await status(container, "stopped");
  assert.is(containerState(state, id).pid, undefined);
  refused("conflict", () => killContainer(state, id, parseSignal("TERM")));
  assert.is(deleteContainer(state, id)?.id, id);
  for (const { directory } of record.cgroups) assert.not.ok(existsSync(directory));
  refused("not-found", () => containerState(state, id));
  assert.is(deleteContainer(state, id, true), undefined);
  assert.match(readFileSync(container.output, "utf8"), /^started\n/);
});

test("refuses a name that is taken, and leaves the container that has it alone", () => {
  const { state, id, record } = create("sleep 1000");
  const options = {
    state,
    id,
    bundle: "/",
    rootfs: record.rootfs,
    config: record.config,
    descriptors: [0, 1, 2] as const,
    waits: true,
  };
  refused("exists", () => createContainer(options));
  assert.is(containerState(state, id).status, "created");
});

test("leaves nothing of a container that cannot be created", () => {
  const { state, record } = create("true");
  const id = parseContainerId(`atomic-test-${process.pid}-broken`);
  const config = { ...record.config, mounts: [{ destination: "/x", type: "nosuchfs" }] };
  refused("io", () =>
    createContainer({ state, id, bundle: "/", rootfs: record.rootfs, config, descriptors: [0, 1, 2], waits: true }),
  );
  assert.not.ok(listContainers(state).includes(id));
  assert.not.ok(existsSync(record.cgroups[0]!.directory.replace(record.id, id)));
});

test("a program that does not exist fails the creation", () => {
  refused("not-found", () => create("true", { process: { user: { uid: 0, gid: 0 }, cwd: "/", args: ["nosuch"] } }));
});

test("does not mistake another process of the same number for a container", () => {
  const { state, id, record } = create("sleep 1000");
  const path = join(state, id, "container.json");
  const other = { ...record, process: { pid: process.pid, startTime: "1" } };
  writeFileSync(path, JSON.stringify(other));
  assert.is(containerState(state, id).status, "stopped");
  refused("conflict", () => killContainer(state, id, parseSignal("KILL")));
  deleteContainer(state, id);
  assert.not.ok(existsSync(`/proc/${record.process!.pid}/exe`));
});

test("deletes what a crash left: a directory alone, and a container without a process in its record", () => {
  const { state, id, record } = create("sleep 1000");
  const { process: first, ...rest } = record;
  writeFileSync(join(state, id, "container.json"), JSON.stringify(rest));
  assert.is(containerState(state, id).status, "creating");
  deleteContainer(state, id);
  assert.is(identify(first!.pid), undefined);
  mkdirSync(join(state, "half"), { recursive: true });
  assert.is(deleteContainer(state, parseContainerId("half")), undefined);
  assert.equal(listContainers(state), []);
});

test("refuses a damaged record", () => {
  const { state, id, record } = create("true");
  const path = join(state, id, "container.json");
  for (const text of ["", "{", '{"version":2}']) {
    writeFileSync(path, text);
    refused("corrupt", () => containerState(state, id));
  }
  writeFileSync(path, JSON.stringify(record));
});

test("runs hooks in order with the state, and says which failed", () => {
  const log = join(tempDir(), "log");
  const hook = (script: string) => ({ path: "/bin/sh", args: ["sh", "-c", script], env: [`LOG=${log}`, "EMPTY"] });
  const hooks = { poststart: [hook('cat >> "$LOG"'), hook("exit 3"), hook('echo not reached >> "$LOG"')] };
  const { record } = create("true", { hooks });
  assert.throws(() => runHooks(record, "poststart", "running"), /^running a poststart hook of .*exited with 3/);
  assert.is((JSON.parse(readFileSync(log, "utf8")) as { id: string }).id, record.id);
});

for (const name of ["", ".", "..", "a/b", "-x", "a b", "x".repeat(256)])
  test(`refuses ${JSON.stringify(name.slice(0, 9))} as a name`, () => refused("usage", () => parseContainerId(name)));

for (const [text, number] of [
  ["9", 9],
  ["KILL", 9],
  ["sigterm", 15],
  ["SIGRTMIN+3", 37],
] as const)
  test(`takes ${text} as a signal`, () => assert.is(parseSignal(text), number));
for (const text of ["", "SIGNONE", "-1", "65", "9x"])
  test(`refuses ${JSON.stringify(text)} as a signal`, () => refused("usage", () => parseSignal(text)));
