import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import * as assert from "uvu/assert";
import { parseFrames } from "../../../src/containers/engine/logs.ts";
import type { CliResult } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { type Fixture, type Listed, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("atomic run", namedUnmet(["ip", "nft"]));

const PROGRAMS = ["sh", "cat", "echo", "grep", "hostname", "id", "ls", "ps", "sleep", "touch", "true"];
const RUN =
  'docker run --rm --privileged -v /:/host --net=host --name ${NAME} ${IMAGE} sh -c "echo $NAME ${X:-no}; ls /host"';

let fixture: Fixture;
const atomic = (...argv: string[]): CliResult => fixture.atomic(...argv);
const list = (): Listed[] => fixture.list();

test.before(() => {
  fixture = namedFixture({ box: {}, labelled: { RUN }, strange: { RUN: "docker run --gpus=all IMAGE" } }, PROGRAMS);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

function gone(): void {
  assert.equal(list(), []);
  assert.equal(
    readdirSync(join(fixture.sysroot, "atomic/containers")).filter((name) => !name.startsWith(".")),
    [],
  );
  const mounted = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  assert.equal(
    mounted.filter((line) => line.includes("atomic:box")),
    [],
  );
}

test("runs a program to its end, and leaves nothing behind", () => {
  const { status, stdout, stderr } = atomic(
    "run",
    "--rm",
    "box",
    "sh",
    "-c",
    "id; ls -d /proc/[0-9]*; echo e >&2; exit 3",
  );
  assert.equal([status, stderr], [3, "e\n"]);
  assert.match(stdout, /^uid=0\(root\) gid=0.*\n\/proc\/1\n/);
  gone();
});

test("takes a sysroot by its relative path", () => {
  const sysroot = relative(process.cwd(), fixture.sysroot);
  const { status, stdout, stderr } = atomic("run", "--rm", "--sysroot", sysroot, "box", "echo", "here");
  assert.equal([status, stdout, stderr], [0, "here\n", ""]);
});

test("confines it", () => {
  const script = "grep -E '^(CapEff|Seccomp):' /proc/self/status; cat /proc/keys; touch /proc/sys/x /new && echo made";
  const { stdout } = atomic("run", "--rm", "--cap-drop=all", "box", "sh", "-c", script);
  assert.is(stdout, "CapEff:\t0000000000000000\nSeccomp:\t2\n");
});

test("runs as another user on a read-only root", () => {
  const script = "id; touch /x; touch /tmp/y && echo ok";
  const run = atomic("run", "--rm", "-u=web", "--read-only", "--tmpfs=/tmp", "box", "sh", "-c", script);
  assert.is(run.stdout, "uid=33(web) gid=33\nok\n");
  assert.match(run.stderr, /\/x: Read-only file system/);
});

test("limits processes", () => {
  const script = "i=0; while [ $i -lt 9 ]; do sleep 5 & i=$((i+1)); done; echo all";
  const { stdout, stderr } = atomic("run", "--rm", "--pids-limit=5", "box", "sh", "-c", script);
  assert.not.match(stdout, /all/);
  assert.match(stderr, /fork/);
});

test("leaves one in the background, shows what it prints, pauses, stops and starts it", () => {
  assert.is(
    atomic("run", "-d", "--name=web", "-m=64m", "box", "sh", "-c", "echo out; echo err >&2; sleep 100").stdout,
    "web\n",
  );
  assert.equal(
    list().map(({ name, status }) => [name, status]),
    [["web", "running"]],
  );
  assert.equal([atomic("pause", "web").status, list()[0]?.status], [0, "paused"]);
  assert.equal([atomic("unpause", "web").status, list()[0]?.status], [0, "running"]);
  assert.match(atomic("stats").stdout, /web .*64[.]0 MiB/);
  assert.match(atomic("rm", "web").stderr, /it is running/);
  assert.match(atomic("run", "--name=web", "box").stdout, /it is running/);
  assert.is(atomic("kill", "web").status, 0);
  assert.is(atomic("wait", "web").stdout, "137\n");
  assert.is(atomic("logs", "web").stdout, "out\nerr\n");
  assert.is(atomic("stop", "web").status, 77);
  assert.is(atomic("start", "web").status, 0);
  assert.is(atomic("rm", "-f", "web").status, 0);
  gone();
});

test("asks once for what a label wants of the host, and does it", () => {
  const refused = atomic("run", "labelled");
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /--privileged[^]*--network=host[^]*the host's \/ on \/host[^]*nobody agreed/);
  assert.match(
    atomic("run", "--display", "labelled").stdout,
    /^docker run --rm --privileged .*'echo labelled no; ls \/host'\n$/,
  );
  assert.match(atomic("run", "--yes", "labelled").stdout, /^labelled no\n[^]*\bproc\n/);
  assert.is(atomic("run", "labelled").status, 0);
  assert.match(atomic("info", "labelled").stdout, /LABEL RUN asks for:/);
});

test("names the option of a label that it does not have", () => {
  assert.match(atomic("run", "strange").stderr, /there is no option --gpus/);
});

test("gives a super-privileged container the host", () => {
  const { stdout, stderr, status } = atomic(
    "run",
    "--spc",
    "--rm",
    "box",
    "sh",
    "-c",
    "ls /host/proc/self/status; echo $HOST $NAME; ls /dev",
  );
  assert.is(status, 0, stderr);
  assert.match(stdout, /^\/host\/proc\/self\/status\n\/host box-spc\n/);
});

test("says what is wrong with a request", () => {
  for (const [argv, message] of [
    [["run"], /expected an image/],
    [["run", "nosuch"], /not in/],
    [["run", "--network=nosuch", "box"], /finding network nosuch/],
    [["run", "--network=none", "-p=80", "box"], /it needs a network of containers/],
    [["run", "box", "nosuchprogram"], /nosuchprogram/],
    [["logs", "nosuch"], /finding container "nosuch"/],
    [["rm", "../x"], /finding container/],
  ] as const) {
    const { status, stderr } = atomic(...argv);
    assert.not.equal(status, 0);
    assert.match(stderr, message);
  }
});

test("reads no frame that is not whole", () => {
  const frame = Buffer.alloc(34);
  for (const [index, value] of [1000n, 5_000_000n, 2n, 2n].entries()) frame.writeBigUInt64LE(value, 8 * index);
  frame.write("hi", 32);
  assert.equal(
    parseFrames(Buffer.concat([frame, frame.subarray(0, 33)])).map(({ time, stream, bytes }) => [
      time,
      stream,
      bytes.toString(),
    ]),
    [[1_000_005, "stderr", "hi"]],
  );
  assert.equal(parseFrames(Buffer.alloc(100, 0xff)), []);
});

test("knows its containers after a reboot", () => {
  assert.is(atomic("run", "--name=kept", "box", "sh", "-c", "echo x > /x; exit 4").status, 4);
  fixture.unmountAll();
  rmSync(fixture.run, { recursive: true });
  assert.equal(list(), [{ name: "kept", status: "exited", exitCode: 4 }]);
  assert.is(atomic("start", "kept").status, 0);
  assert.is(atomic("wait", "kept").stdout, "4\n");
  assert.is(atomic("rm", "kept").status, 0);
  gone();
});

test("removes what a killed command left", () => {
  const containers = join(fixture.sysroot, "atomic/containers");
  for (const leftover of [`.tmp-${process.pid}-1-x`, ".tmp-999999999-1-y"])
    mkdirSync(join(containers, leftover, "upper"), { recursive: true });
  assert.equal(list(), []);
  assert.equal(
    readdirSync(containers).filter((name) => name.startsWith(".tmp")),
    [],
  );
});

test("keeps nothing of a container that could not be started", () => {
  assert.is(atomic("run", "--name=never", "box", "nosuchprogram").status, 1);
  gone();
});
