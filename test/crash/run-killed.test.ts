/** Kills `atomic run` before every single change it makes, and looks at what is left. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { type Fixture, namedFixture, namedUnmet } from "../containers/engine/named-fixture.ts";
import { suite } from "../support/suite.ts";

const test = suite("crash/run-killed", namedUnmet(["strace", "ip", "nft"]));
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

/** What changes files, mounts, or starts processes. */
const CHANGES =
  "mkdir,mkdirat,rename,renameat2,mount,umount2,mknod,mknodat,unlink,unlinkat,rmdir,ftruncate,vfork,clone3,sendto";
const MAX_POINTS = 200;

let fixture: Fixture;
test.before(() => {
  fixture = namedFixture({ box: {} }, ["sh", "sleep"]);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

/** Runs `atomic` and kills it before its n-th change. @returns whether it came to its end */
function runKilled(n: number, argv: readonly string[]): boolean {
  const inject = ["-e", `trace=${CHANGES}`, "-e", `inject=${CHANGES}:signal=KILL:when=${n}`];
  const { signal, status } = spawnSync(
    "strace",
    ["-qq", "-o", "/dev/null", ...inject, process.execPath, MAIN, ...argv],
    {
      env: { PATH: process.env["PATH"] ?? "", ATOMIC_PROGRESS: "none", ...fixture.env },
      stdio: "ignore",
    },
  );
  return signal === null && status === 0;
}

function groupsOf(id: string): string[] {
  return readdirSync("/sys/fs/cgroup").filter((name) => {
    try {
      readdirSync(join("/sys/fs/cgroup", name, "atomic", id));
      return true;
    } catch {
      return false;
    }
  });
}

function processesWith(text: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });
}

/** What a network has of containers. */
function onNetwork(): Record<string, unknown> {
  const path = join(fixture.run, "networks/bridge.json");
  const state = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { leases: unknown[] }) : { leases: [] };
  const table = spawnSync("nft", ["list", "table", "inet", "atomic"], { encoding: "utf8" }).stdout;
  return {
    leases: state.leases,
    links: spawnSync("ip", ["-br", "link"], { encoding: "utf8" }).stdout.match(/^at[0-9a-f]{12}/gm),
    ports: table.match(/elements = [^}]* : [^}]*/g),
  };
}

test("a run that is killed at any step leaves nothing that ps and rm cannot handle", () => killedAnywhere("none"));

test("nor does one that is connected to a bridge and publishes a port", () => killedAnywhere("bridge", "-p=8080:80"));

async function killedAnywhere(network: string, ...options: string[]): Promise<void> {
  const seconds = `98${process.pid}`;
  const command = ["run", "-d", "--name=victim", `--net=${network}`, ...options, "box", "sleep", seconds];
  let finished = false;
  for (let n = 1; !finished; n++) {
    assert.ok(n < MAX_POINTS);
    finished = runKilled(n, command);
    const where = `killed at change ${n}`;
    const [victim, ...more] = fixture.list();
    assert.equal(more, [], where);
    const id = victim && (JSON.parse(fixture.atomic("inspect", "victim").stdout) as { id: string }).id;
    if (victim !== undefined) {
      const { status, stderr } = fixture.atomic("rm", "--force", "victim");
      assert.is(status, 0, `${where}: ${stderr}`);
    }
    for (let attempt = 0; attempt < 100 && processesWith(seconds).length > 0; attempt++) await sleep(50);
    assert.equal(processesWith(seconds), [], where);
    const data = join(fixture.sysroot, "atomic/containers");
    const kept = existsSync(data) ? readdirSync(data) : [];
    assert.equal(
      kept.filter((one) => one !== ".images"),
      [],
      where,
    );
    if (id !== undefined) assert.equal(groupsOf(id), [], where);
    const mounts = readFileSync("/proc/self/mountinfo", "utf8");
    assert.not.match(mounts, /atomic:victim/, where);
    assert.equal(onNetwork(), { leases: [], links: null, ports: null }, where);
  }
}
