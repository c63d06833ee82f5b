/** Killing `atomic run` before the changes it makes, and looking at what is left. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { type Fixture, namedFixture, namedUnmet } from "../containers/engine/named-fixture.ts";
import { tempDir } from "../support/temp.ts";

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");

/** What changes files, mounts, or starts processes. */
const CHANGES =
  "mkdir,mkdirat,rename,renameat2,mount,umount2,mknod,mknodat,unlink,unlinkat,rmdir,ftruncate,vfork,clone3,sendto";
const MAX_POINTS = 200;

/** Why a run cannot be killed here. */
export function runKilledUnmet(): string | undefined {
  return namedUnmet(["strace", "ip", "nft"]);
}

/** A sysroot with an image `box`. */
export function boxFixture(): Fixture {
  return namedFixture({ box: {} }, ["sh", "sleep"]);
}

/** Runs `atomic` and kills it before its n-th change. @returns whether it came to its end */
function runKilled(fixture: Fixture, n: number, argv: readonly string[]): boolean {
  const inject = ["-e", `trace=${CHANGES}`, "-e", `inject=${CHANGES}:signal=KILL:when=${n}`];
  const { signal, status } = spawnSync(
    "strace",
    ["-qq", "-o", "/dev/null", ...inject, process.execPath, MAIN, ...argv],
    {
      env: environment(fixture),
      stdio: "ignore",
    },
  );
  return signal === null && status === 0;
}

function environment({ env }: Fixture): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", ATOMIC_PROGRESS: "none", ...env };
}

/** The number of the first change a whole run makes by the system call `name`. */
export function firstChange(fixture: Fixture, name: string, options: readonly string[]): number {
  const log = join(tempDir(), "changes");
  const command = [process.execPath, MAIN, "run", "-d", "--name=victim", ...options, "box", "sleep", "100"];
  spawnSync("strace", ["-qq", "-o", log, "-e", `trace=${CHANGES}`, ...command], {
    env: environment(fixture),
    stdio: "ignore",
  });
  fixture.clear();
  const changes = readFileSync(log, "utf8").split("\n");
  return changes.findIndex((change) => change.startsWith(`${name}(`)) + 1;
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
function onNetwork({ run }: Fixture): Record<string, unknown> {
  const path = join(run, "networks/bridge.json");
  const state = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as { leases: unknown[] }) : { leases: [] };
  const table = spawnSync("nft", ["list", "table", "inet", "atomic"], { encoding: "utf8" }).stdout;
  return {
    leases: state.leases,
    links: spawnSync("ip", ["-br", "link"], { encoding: "utf8" }).stdout.match(/^at[0-9a-f]{12}/gm),
    ports: table.match(/elements = [^}]* : [^}]*/g),
  };
}

/** Kills a run before each change from the n-th on; whatever is left, `ps` shows and `rm` removes. */
export async function killFrom(fixture: Fixture, first: number, options: readonly string[]): Promise<void> {
  const seconds = `98${process.pid}`;
  const command = ["run", "-d", "--name=victim", ...options, "box", "sleep", seconds];
  let finished = false;
  for (let n = first; !finished; n++) {
    assert.ok(n < MAX_POINTS);
    finished = runKilled(fixture, n, command);
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
    assert.equal(onNetwork(fixture), { leases: [], links: null, ports: null }, where);
  }
}
