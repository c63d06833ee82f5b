import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { writeLayout } from "../../oci/layout-builder.ts";
import { BUSYBOX } from "../../support/busybox.ts";
import { unmet } from "../../support/needs.ts";
import { atomicProgram, BUILT, type OrdinaryUser, ordinaryUsers } from "../../support/ordinary-user.ts";
import { suite } from "../../support/suite.ts";

const needs = {
  root: true,
  mounts: true,
  userNamespaces: true,
  programs: ["newuidmap", "setpriv"],
  files: [BUSYBOX, BUILT],
};
const test = suite("containers of an ordinary user", unmet(needs));

const IDS = 65_536;
let alice: OrdinaryUser;
let bob: OrdinaryUser;
let shared: string;

test.before(() => {
  const made = ordinaryUsers({ alice: IDS, bob: 0 });
  [alice, bob] = made.users as [OrdinaryUser, OrdinaryUser];
  ({ shared } = made);
  const base = [
    ...["bin", "dev", "etc", "proc", "sys", "tmp"].map((name) => ({ name, flag: "5", mode: 0o755 })),
    { name: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...["cat", "echo", "id", "sh", "sleep", "stat", "touch"].map((name) => ({
      name: `bin/${name}`,
      flag: "2",
      target: "busybox",
    })),
    { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\nweb:x:33:33::/tmp:/bin/sh\n", mode: 0o644 },
  ];
  const webs = { name: "etc/webs", content: "web's\n", mode: 0o640, uid: 33, gid: 33 };
  const far = { name: "etc/far", content: "", mode: 0o644, uid: 70_000, gid: 0 };
  for (const [name, layer] of [
    ["box", [...base, webs]],
    ["roots", base],
    ["far", [...base, far]],
  ] as const)
    writeLayout(join(shared, name), { layers: [[...layer]], tag: "latest", run: { Env: ["PATH=/bin"], Cmd: ["sh"] } });
  for (const [user, name] of [
    [alice, "box"],
    [alice, "far"],
    [bob, "box"],
    [bob, "roots"],
  ] as const) {
    const { status, stderr } = user.atomic("pull", `oci:${join(shared, name)}`, "--name", name);
    assert.is(status, 0, stderr);
  }
});

test.after(() => {
  for (const user of [alice, bob]) user.end();
});

const containers = (user: OrdinaryUser) => join(user.home, ".local/share/atomic/containers");
const run = (user: OrdinaryUser, options: readonly string[], script: string) =>
  user.atomic("run", "--rm", "--net=none", ...options, "box", "sh", "-c", script);

/** Nothing runs, nothing is mounted, and no container is left. */
async function gone(user: OrdinaryUser): Promise<void> {
  for (let attempt = 0; attempt < 100 && user.processes().length > 0; attempt++) await sleep(100);
  assert.equal(user.processes(), []);
  assert.is(existsSync(join(user.home, "run/atomic/holder.json")), false);
  const names = existsSync(containers(user)) ? readdirSync(containers(user)) : [];
  assert.equal(
    names.filter((name) => !name.startsWith(".") || name.startsWith(".tmp")),
    [],
  );
  assert.not.match(readFileSync("/proc/self/mountinfo", "utf8"), /atomic:/);
}

test("runs a program as root of an image whose files have their owners, and leaves nothing", async () => {
  const script = [
    "id",
    "cat /proc/self/uid_map",
    "stat -c '%u:%g %a %n' /etc/webs /dev/null /etc/hosts",
    "touch /new /etc/hosts && busybox chown 33:33 /new && stat -c %u /new",
    "exit 7",
  ];
  const { status, stdout, stderr } = run(alice, ["-h=here"], script.join("; "));
  const map = `0 ${alice.uid} 1\n1 ${alice.firstId} ${IDS}\n`;
  const expected = `uid=0(root) gid=0\n${map}33:33 640 /etc/webs\n65534:65534 666 /dev/null\n0:0 644 /etc/hosts\n33\n`;
  assert.equal([status, stdout.replaceAll(/^ +| +(?= )/gm, ""), stderr], [7, expected, ""]);
  await gone(alice);
});

test("keeps one in the background for the commands that follow", async () => {
  const script = "echo out; echo err >&2; sleep 1000";
  const { stdout, stderr } = alice.atomic("run", "-d", "--net=none", "--name=d", "box", "sh", "-c", script);
  assert.equal([stdout, stderr], ["d\n", ""]);
  assert.match(alice.atomic("ps").stdout, /^d .*running/m);
  assert.is(alice.atomic("exec", "-u=web", "d", "sh", "-c", "id; cat /etc/webs").stdout, "uid=33(web) gid=33\nweb's\n");
  assert.match(alice.atomic("top", "d").stdout, /sleep 1000/);
  assert.is(alice.atomic("logs", "d").stdout, "out\nerr\n");
  assert.is(alice.atomic("stop", "--time=0", "d").status, 0);
  assert.match(alice.atomic("ps", "--all").stdout, /^d .*exited \(137\)/m);
  assert.is(alice.atomic("start", "d").status, 0);
  assert.is(alice.atomic("rm", "-f", "d").status, 0);
  await gone(alice);
});

test("shares the user's files, and writes there as the user and those the user was given", () => {
  const script = "id -u; touch /v/root; busybox touch /v/web; busybox chown 33:33 /v/web";
  assert.is(run(alice, ["-v", `${alice.home}:/v`], script).stdout, "0\n");
  assert.equal(
    ["root", "web"].map((name) => statSync(join(alice.home, name)).uid),
    [alice.uid, alice.firstId + 32],
  );
  const kept = run(
    alice,
    ["--userns=keep-id", "-v", `${alice.home}:/v`],
    "id -u; touch /v/kept; stat -c %u /etc/webs /v",
  );
  assert.is(kept.stdout, `${alice.uid}\n33\n${alice.uid}\n`);
  assert.is(statSync(join(alice.home, "kept")).uid, alice.uid);
});

test("gives it the host's network, processes and terminals where that is asked for", () => {
  const script = "busybox test -d /sys/class/net && busybox test -d /proc/1 && stat -c %u /dev/pts/0";
  const options = ["--rm", "-t", "--net=host", "--pid=host", "--ipc=host"];
  const { status, stdout } = alice.atomic("run", ...options, "box", "sh", "-c", script);
  assert.equal([status, stdout], [0, "0\r\n"]);
});

test("says in one line what an ordinary user cannot have", () => {
  for (const [options, expected] of [
    [["--privileged"], /running with --privileged: an ordinary user has no privileges/],
    [["--userns=auto"], /running with --userns=auto: only root has IDs/],
    [["--memory=64m"], /limiting memory: you have no control group/],
  ] as const) {
    const { status, stdout, stderr } = run(alice, options, "echo ran");
    assert.equal([status, stdout], [1, ""]);
    assert.match(stderr, new RegExp(`^error: ${expected.source}.*\nhint: .*\n$`));
  }
  const bridge = alice.atomic("run", "--rm", "--net=bridge", "box", "true");
  assert.match(bridge.stderr, /^error: running with --network=bridge: an ordinary user has no bridges\n/);
});

test("names the file whose owner the user does not have, and the line that gives it", () => {
  const { status, stderr } = alice.atomic("run", "--rm", "--net=none", "far", "true");
  assert.is(status, 1);
  assert.match(
    stderr,
    /^error: unpacking the image: \/etc\/far belongs to 70000:0, and your containers have IDs up to 65536\n/,
  );
  assert.match(stderr, /\nhint: echo \S+:\d+:65536 \| sudo tee -a \/etc\/subuid \/etc\/subgid\n$/);
});

test("has one user only where nobody gave the user more, and says so", async () => {
  const { status, stdout, stderr } = bob.atomic(
    "run",
    "--rm",
    "--net=none",
    "roots",
    "sh",
    "-c",
    "id -u; cat /proc/self/setgroups",
  );
  assert.equal([status, stdout], [0, "0\ndeny\n"]);
  assert.is(stderr, "containers have one user only: /etc/subuid and /etc/subgid have no IDs for bob\n");
  assert.match(
    run(bob, [], "true").stderr,
    /error: unpacking the image: \/etc\/webs belongs to 33:33, and your containers have IDs up to 0\n/,
  );
  await gone(bob);
});

test("opens nothing of root's, and nothing of the user's to another user", () => {
  const secret = join(shared, "secret");
  writeFileSync(secret, "secret", { mode: 0o600 });
  const attack = "cat /v/secret; busybox chown 0 /v/secret; busybox kill -9 1; busybox mknod /m b 8 0; echo done";
  const tried = alice.atomic(
    "run",
    "-d",
    "--net=none",
    "--pid=host",
    "--cap-add=all",
    "--name=a",
    "-v",
    `${shared}:/v`,
    "box",
    "sh",
    "-c",
    `${attack}; sleep 1000`,
  );
  assert.is(tried.status, 0, tried.stderr);
  const holder = JSON.parse(readFileSync(join(alice.home, "run/atomic/holder.json"), "utf8")) as { pid: number };
  const programs = [
    ["nsenter", `--user=/proc/${holder.pid}/ns/user`, "true"],
    ["kill", "-9", String(holder.pid)],
    ["cat", join(alice.home, "run/atomic/holder.json")],
    ["ls", join(containers(alice), ".trees")],
  ];
  for (const argv of programs) {
    const { status, stderr } = bob.run(argv);
    assert.is.not(status, 0);
    assert.match(stderr, /denied|not permitted|No such file/);
  }
  const foreign = bob.run([atomicProgram, "ps"], { ATOMIC_RUN: join(alice.home, "run/atomic") });
  assert.match(foreign.stderr, /^error: using .* for your containers' state: /);
  assert.is(alice.atomic("exec", "a", "sh", "-c", "until busybox test -e /proc/1; do sleep 1; done").status, 0);
  const printed = alice.atomic("logs", "a").stdout;
  assert.not.match(printed, /secret$/m);
  assert.is(statSync(secret).uid, 0);
  assert.is(alice.atomic("rm", "-f", "a").status, 0);
});

test("collects an image's files once it has no name", () => {
  const trees = join(containers(alice), ".trees");
  assert.ok(readdirSync(trees).length > 0);
  assert.is(alice.atomic("rmi", "box").status, 0);
  assert.is(alice.atomic("repo", "prune").status, 0);
  assert.equal(readdirSync(trees), []);
});
