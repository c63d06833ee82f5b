import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { cli, type CliResult } from "../../support/cli.ts";
import { suite } from "../../support/suite.ts";
import { type Fixture, namedFixture, namedUnmet } from "./named-fixture.ts";

const test = suite("networks of containers", namedUnmet(["ip", "nft", "nsenter"]));

let fixture: Fixture;
const atomic = (...argv: string[]): CliResult => fixture.atomic(...argv);
const serve = ["sh", "-c", "echo hello > /tmp/index.html; httpd -f -p 80 -h /tmp"];

test.before(() => {
  fixture = namedFixture({ box: {} }, [
    "cat",
    "echo",
    "hostname",
    "httpd",
    "ip",
    "ls",
    "nslookup",
    "sh",
    "sleep",
    "wget",
  ]);
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

function run(...argv: string[]): void {
  const { status, stderr } = atomic("run", ...argv);
  assert.is(status, 0, stderr);
}

/** What a web server answers at a place of the host; empty when none does. */
function get(address: string, port: number): string {
  const script = `exec 3<>/dev/tcp/${address}/${port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3`;
  const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8", timeout: 5000 });
  return stdout.endsWith("hello\n") ? "hello" : "";
}

function eventually(condition: () => boolean): void {
  for (let attempt = 0; attempt < 200 && !condition(); attempt++) execFileSync("sleep", ["0.05"]);
  assert.ok(condition());
}

const inside = (name: string, ...argv: string[]) => {
  const { pid } = JSON.parse(atomic("inspect", name).stdout) as { pid: number };
  return spawnSync("nsenter", ["-t", String(pid), "-a", "-r", ...argv], { encoding: "utf8" }).stdout;
};
const links = () => execFileSync("ip", ["-br", "link"], { encoding: "utf8" });
const leases = () => readFileSync(`${fixture.run}/networks/bridge.json`, "utf8");

test("lets containers of the default network reach one another by name, and the host their ports", () => {
  run("-d", "--name=web", "-p=8080:80", "-p=127.0.0.1:8081:80", "--network-alias=www", "box", ...serve);
  run("-d", "--name=client", "--add-host=db:192.0.2.7", "--dns=192.0.2.9", "box", "sleep", "1000");
  eventually(() => get("127.0.0.1", 8080) === "hello");
  assert.is(get("127.0.0.1", 8081), "hello");
  assert.is(inside("client", "/bin/wget", "-q", "-O-", "http://web/index.html"), "hello\n");
  assert.is(inside("client", "/bin/wget", "-q", "-O-", "http://www/index.html"), "hello\n");
  const hosts = inside("client", "/bin/cat", "/etc/hosts");
  assert.match(hosts, /^10[.]90[.]0[.]2 web [0-9a-f]{12} www$/m);
  assert.match(hosts, /^192[.]0[.]2[.]7\tdb$/m);
  assert.not.match(inside("web", "/bin/cat", "/etc/hosts"), /192[.]0[.]2[.]7/);
  assert.is(inside("client", "/bin/cat", "/etc/resolv.conf"), "nameserver 192.0.2.9\n");
  assert.is(atomic("port", "web").stdout, "80/tcp -> 0.0.0.0:8080\n80/tcp -> 127.0.0.1:8081\n");
});

test("does not let a container write what others read", () => {
  inside("client", "/bin/sh", "-c", "echo 6.6.6.6 web >> /etc/hosts");
  assert.not.match(inside("client", "/bin/cat", "/etc/hosts"), /6[.]6/);
  inside("web", "/bin/sh", "-c", "echo 6.6.6.6 client >> /etc/hosts");
  assert.not.match(inside("client", "/bin/cat", "/etc/hosts"), /6[.]6/);
});

test("shares another's network with its names", () => {
  const script = "cat /etc/hosts; wget -q -O- http://127.0.0.1/index.html";
  const { stdout } = atomic("run", "--rm", "--network=container:web", "box", "sh", "-c", script);
  assert.match(stdout, / web [^]*hello\n$/);
});

test("restores what somebody flushed", () => {
  execFileSync("nft", ["flush", "ruleset"]);
  assert.is(get("127.0.0.1", 8080), "");
  assert.is(atomic("network", "reload").stdout, "2 connected\n");
  assert.is(get("127.0.0.1", 8080), "hello");
});

test("refuses a port that is taken, by a container or a program, and keeps nothing then", () => {
  const before = leases();
  for (const [port, who] of [
    ["8080", "web"],
    ["127.0.0.1:8081", "web"],
  ] as const) {
    const { status, stderr } = atomic("run", "-d", "--name=late", `-p=${port}:80`, "box", "sleep", "1000");
    assert.is(status, 1);
    assert.match(stderr, new RegExp(`network bridge: publishing port .*: ${who} has it`));
  }
  assert.is(leases(), before);
  assert.equal(
    fixture.list().map(({ name }) => name),
    ["client", "web"],
  );
});

test("keeps networks apart, and removes one that nobody is on", () => {
  assert.is(atomic("network", "create", "apart", "--subnet=10.99.0.0/24").status, 0);
  const { stdout, status } = atomic(
    "run",
    "--rm",
    "--network=apart",
    "box",
    "sh",
    "-c",
    "ip -4 -o address show eth0; wget -q -T 1 -O- http://10.90.0.2/",
  );
  assert.is.not(status, 0);
  assert.match(stdout, /inet 10[.]99[.]0[.]2\/24/);
  assert.not.match(stdout, /hello/);
  assert.is(atomic("network", "remove", "apart").status, 0);
});

test("gives an address back when a container is stopped, restarted, ends by itself or crashes", () => {
  assert.is(atomic("stop", "-t=0", "client").status, 0);
  assert.not.match(leases(), /client/);
  assert.is(atomic("start", "client").status, 0);
  assert.match(leases(), /client/);
  const { pid } = JSON.parse(atomic("inspect", "client").stdout) as { pid: number };
  process.kill(pid, "SIGKILL");
  eventually(() => !leases().includes("client"));
  run("-d", "--name=short", "--rm", "box", "sleep", "0");
  eventually(() => fixture.list().every(({ name }) => name !== "short"));
  assert.not.match(leases(), /short/);
});

test("gives back what a container has whose watcher was killed, too", () => {
  run("-d", "--name=orphan", "-p=9999:80", "box", "sleep", "1000");
  const { pid } = JSON.parse(atomic("inspect", "orphan").stdout) as { pid: number };
  const parent = Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  process.kill(parent, "SIGKILL");
  process.kill(pid, "SIGKILL");
  eventually(() => atomic("ps").status === 0 && !leases().includes("orphan"));
  assert.is(atomic("rm", "orphan").status, 0);
});

test("leaves nothing of containers that were removed", () => {
  fixture.clear();
  assert.match(leases(), /"leases":\[\]/);
  assert.not.match(links(), /^at[0-9a-f]{12}/m);
  assert.not.match(
    execFileSync("nft", ["list", "table", "inet", "atomic"], { encoding: "utf8" }),
    /elements = [^}]* : /,
  );
});

test("says what is missing", () => {
  execFileSync("nft", ["flush", "ruleset"]);
  const { stderr } = cli(["run", "--rm", "box", "sleep", "0"], { ...fixture.env, PATH: "/nonexistent" });
  assert.match(stderr, /connecting container .* to network bridge: .*the program nft does not exist/);
  assert.match(stderr, /apt-get install nftables/);
});
