/** A published store is brought to a machine that OpenSSH's server stands for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { fetchRef, fsck, readRef } from "../../src/ostree/index.ts";
import { LOCAL, MAIN, makeClient, makePublisher, type Publisher } from "../ostree/remote/published.ts";
import { cli, type CliResult, MAIN as PROGRAM } from "../support/cli.ts";
import { listing } from "../support/listing.ts";
import { unmet } from "../support/needs.ts";
import { newSshKey, type Sshd, sshd } from "../support/sshd.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite(
  "interop/push-ssh",
  unmet({ root: true, programs: ["rsync", "ssh"], files: ["/usr/sbin/sshd"], mounts: true }),
);

let server: Sshd;
test.before(async () => {
  server = await sshd();
});
test.after(() => server.close());

/** The environment of a user whose ssh_config(5) has a host `www`. */
function user({ port = server.port, hostKey = server.hostKey, identity = server.identity } = {}) {
  const dir = tempDir();
  writeFileSync(join(dir, "known_hosts"), `www ${hostKey}\n`);
  const settings = {
    HostName: "127.0.0.1",
    HostKeyAlias: "www",
    Port: port,
    User: "root",
    IdentityFile: identity,
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    UserKnownHostsFile: join(dir, "known_hosts"),
    GlobalKnownHostsFile: "/dev/null",
    BatchMode: "yes",
  };
  const lines = Object.entries(settings).map(([name, value]) => `  ${name} ${value}\n`);
  writeFileSync(join(dir, "config"), `Host www\n${lines.join("")}`);
  return { RSYNC_RSH: `ssh -F ${join(dir, "config")}` };
}

const argvOf = ({ repo }: Publisher, target: string): string[] => [
  ...["repo", "push", "--repo", repo.path],
  `www:${target}`,
];

function push(publisher: Publisher, target: string, env = user()): CliResult {
  return cli(argvOf(publisher, target), env);
}

async function assertPullable(target: string, { key, repo: published }: Publisher): Promise<void> {
  const { repo, remote } = await makeClient(`file://${target}`, { keys: [key.publicKey] });
  await fetchRef(repo, remote, { ref: MAIN });
  assert.equal(fsck(repo).defects, []);
  assert.is(readRef(repo, LOCAL), readRef(published, MAIN));
}

/** Stands between: counts what is sent to the server, and after `limit` bytes passes on no more. */
async function wire(limit = Infinity) {
  const open = new Set<Socket>();
  const count = { sent: 0 };
  const between = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    for (const socket of [near, far]) open.add(socket.on("error", () => undefined));
    near.on("data", (chunk) => {
      count.sent += chunk.length;
      if (count.sent < limit) far.write(chunk);
    });
    near.on("end", () => far.end());
    far.pipe(near);
  });
  await once(between.listen(0, "127.0.0.1"), "listening");
  const { port } = between.address() as AddressInfo;
  const close = (): void => {
    between.close();
    for (const socket of open) socket.destroy();
  };
  return { port, count, close };
}

/** As `push`, but this process goes on meanwhile; ended, with its children, when `until` holds. */
async function pushMeanwhile(publisher: Publisher, target: string, port: number, until = () => false) {
  const env = { PATH: process.env["PATH"] ?? "", ATOMIC_PROGRESS: "none", ...user({ port }) };
  const options = { env, stdio: "ignore", detached: true } as const;
  const child = spawn(process.execPath, [PROGRAM, ...argvOf(publisher, target)], options);
  const ended = once(child, "exit");
  while (child.exitCode === null && !until()) await sleep(10);
  if (child.exitCode === null) process.kill(-child.pid!, "SIGKILL");
  await ended;
  return child.exitCode;
}

test("what is pushed arrives whole, and once", async () => {
  const publisher = await makePublisher();
  const target = join(tempDir(), "www/os");
  await publisher.release(1);
  const { status, stdout, stderr } = push(publisher, target);
  assert.is(status, 0, stderr);
  assert.match(stdout, /^pushed to www:\S+: 2 files, /);
  await assertPullable(target, publisher);
  const { port, count, close } = await wire();
  assert.is(await pushMeanwhile(publisher, target, port), 0);
  close();
  assert.ok(count.sent > 0 && count.sent < 30_000, `${count.sent} bytes for nothing new`);
  await publisher.release(2);
  assert.is(push(publisher, target).status, 0);
  await assertPullable(target, publisher);
});

/** The sizes of the files in `directory` whose names match. */
function sizesIn(directory: string, pattern: RegExp): number[] {
  const names = readdirSync(directory).filter((name) => pattern.test(name));
  return names.map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0);
}

test("cut off in the middle, readers keep the version before, and a repeat goes on where it was", async () => {
  const publisher = await makePublisher();
  const target = join(tempDir(), "os");
  const first = await publisher.release(1);
  assert.is(push(publisher, target).status, 0);
  await publisher.release(2);
  const cut = await wire(1_200_000);
  const hasMost = (): boolean => sizesIn(join(target, "packs"), /^\..*\.pack\./).some((size) => size > 600_000);
  assert.is(await pushMeanwhile(publisher, target, cut.port, hasMost), null);
  cut.close();
  // The other end notices that nobody is there any more, and keeps what arrived.
  while (!existsSync(join(target, "packs/.partial"))) await sleep(20);
  const { repo, remote } = await makeClient(`file://${target}`, { keys: [publisher.key.publicKey] });
  await fetchRef(repo, remote, { ref: MAIN });
  assert.is(readRef(repo, LOCAL), first);
  const again = await wire();
  assert.is(await pushMeanwhile(publisher, target, again.port), 0);
  again.close();
  assert.ok(again.count.sent < 1_000_000, `${again.count.sent} of 1.5 MB again`);
  assert.not(existsSync(join(target, "packs/.partial")));
  await assertPullable(target, publisher);
});

const REFUSALS: [what: string, env: () => ReturnType<typeof user>, target: string, reason: RegExp][] = [
  [
    "a host key that is not the known one",
    () => user({ hostKey: readFileSync(`${newSshKey(join(tempDir(), "key"))}.pub`, "utf8").trim() }),
    "",
    /Host key verification failed\.$/,
  ],
  [
    "a user's key that the server refuses",
    () => user({ identity: newSshKey(join(tempDir(), "key")) }),
    "",
    /Permission denied \(publickey\)\.$/,
  ],
  [
    "a port where nobody listens",
    () => user({ port: 1 }),
    "",
    /connect to host 127\.0\.0\.1 port 1: Connection refused$/,
  ],
  ["a directory that cannot be made", () => user(), "/summary/none", /Not a directory|File exists/],
];
let behind: { publisher: Publisher; target: string };
test.before(async () => {
  const publisher = await makePublisher();
  const target = join(tempDir(), "os");
  await publisher.release(1);
  assert.is(push(publisher, target).status, 0);
  await publisher.release(2);
  behind = { publisher, target };
});

for (const [what, env, more, reason] of REFUSALS)
  test(`says in one line, and leaves the target as it was: ${what}`, () => {
    const { publisher, target } = behind;
    const before = listing(target);
    const { status, stdout, stderr } = push(publisher, `${target}${more}`, env());
    assert.equal([status, stdout], [1, ""]);
    const [line = "", hint = "", ...rest] = stderr.trimEnd().split("\n");
    assert.match(line, new RegExp(`pushing to www:${target}${more} by rsync: exited with [0-9]+: `));
    assert.match(line, reason);
    assert.match(hint, "ssh www rsync --version");
    assert.equal(rest, []);
    assert.equal(listing(target), before);
  });
