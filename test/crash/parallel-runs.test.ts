/** A hundred `atomic run`s of the built program at once: all end as they should, and nothing is left of them. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { type Fixture, namedFixture, namedUnmet } from "../containers/engine/named-fixture.ts";
import { suite } from "../support/suite.ts";

const ATOMIC = resolve(import.meta.dirname, "../../dist/bin/atomic");
const test = suite("crash/parallel-runs", namedUnmet(["ip", "nft"]));
const RUNS = 100;

let fixture: Fixture;
test.before(() => {
  fixture = namedFixture({ box: {} }, ["echo", "hostname", "sh"]);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

function start(...argv: string[]): Promise<Ended> {
  const env = { PATH: process.env["PATH"] ?? "", ATOMIC_PROGRESS: "none", ...fixture.env };
  const child = spawn(ATOMIC, argv, { env, stdio: ["ignore", "pipe", "pipe"] });
  const ended: Ended = { status: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.stderr += text));
  return new Promise((done) => child.on("close", (status) => done({ ...ended, status })));
}

const NOTHING = {
  containers: [],
  records: [],
  bundles: [],
  images: [],
  groups: [],
  links: null,
  mounts: [],
  leases: [],
  ports: null,
};

/** What there still is of containers. @param hosts how their IDs begin */
function left(hosts: readonly string[]): Record<keyof typeof NOTHING, unknown> {
  const data = join(fixture.sysroot, "atomic/containers");
  const groups = readdirSync("/sys/fs/cgroup").flatMap((name) => {
    const parent = join("/sys/fs/cgroup", name, "atomic");
    const there = existsSync(parent) ? readdirSync(parent) : [];
    return there.filter((id) => hosts.some((host) => id.startsWith(host)));
  });
  const nft = execFileSync("nft", ["list", "table", "inet", "atomic"], { encoding: "utf8" });
  return {
    containers: readdirSync(data).filter((name) => name !== ".images"),
    records: readdirSync(join(fixture.run, "containers")),
    bundles: readdirSync(join(fixture.run, "bundles")),
    images: readdirSync(join(fixture.run, "images")),
    groups,
    links: execFileSync("ip", ["-br", "link"], { encoding: "utf8" }).match(/^at[0-9a-f]{12}/gm),
    mounts: readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(fixture.run)),
    leases: (JSON.parse(readFileSync(join(fixture.run, "networks/bridge.json"), "utf8")) as { leases: unknown }).leases,
    ports: nft.match(/elements = [^}]* : [^}]*/g),
  };
}

test("a hundred runs at once, some named, some with published ports, all end right and leave nothing", async () => {
  const argv = (n: number) => [
    "run",
    "--rm",
    ...(n % 3 === 0 ? [`--name=box-${n}`] : []),
    ...(n % 4 === 0 ? [`--publish=${20_000 + n}:80`] : []),
    ...["box", "sh", "-c", `echo out ${n}; hostname; echo err ${n} >&2; exit ${n % 7}`],
  ];
  const all = await Promise.all(Array.from({ length: RUNS }, (_, n) => start(...argv(n))));
  const hosts = all.map(({ stdout }) => stdout.split("\n")[1] ?? "");
  for (const [n, ended] of all.entries())
    assert.equal(ended, { status: n % 7, stdout: `out ${n}\n${hosts[n]}\n`, stderr: `err ${n}\n` }, `run ${n}`);
  assert.is(new Set(hosts).size, RUNS);
  assert.equal(left(hosts), NOTHING);
});
