import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/network/connect", unmet({ root: true, programs: ["ip", "nft", "nsenter", "ping"] }));
const SCENARIO = join(import.meta.dirname, "../../fixtures/network/scenario.ts");

let seen: Record<string, unknown>;
test.before(() => {
  const argv = ["--net", "--mount", process.execPath, SCENARIO, tempDir()];
  const { status, stdout, stderr } = spawnSync("unshare", argv, { encoding: "utf8" });
  assert.is(status, 0, stderr);
  seen = JSON.parse(stdout) as typeof seen;
});

const PUBLISHED = {
  "from the host": "hello",
  "at the loopback": "hello",
  "from the world": "hello",
  "from its network": "hello",
  "from another network": "hello",
  "loopback only, there": "hello",
  "loopback only, elsewhere": "",
};

test("gives containers addresses of their network's subnet", () => {
  assert.equal(seen["addresses"], ["10.90.0.2", "10.90.0.3"]);
  assert.is(seen["apart"], "10.91.0.2");
});

test("lets containers of one network find each other by name", () => {
  assert.match(seen["hosts"] as string, /^10\.90\.0\.2 web\n10\.90\.0\.3 client$/m);
});

test("lets a container reach its network and the world, and no other network", () => {
  assert.equal(seen["reaches"], { "its network": true, gateway: true, "the world": true, "another network": false });
});

test("publishes ports to everybody, or at one address of the host", () => {
  assert.equal(seen["published"], PUBLISHED);
});

test("does all of that with IPv6 where a network has it", () => {
  assert.is(seen["address of IPv6"], "fd00:90::2");
  assert.match(seen["hosts of both versions"] as string, /^10\.91\.1\.2 six\nfd00:90::2 six\n/m);
  assert.equal(seen["IPv6"], {
    "reaches its network": true,
    "reaches the world": true,
    "at the loopback": "hello",
    "at the loopback of IPv4": "hello",
    "from the world": "hello",
    "from its network": "hello",
    "loopback only, there": "hello",
    "loopback only, elsewhere": "",
    "IPv4 only": "",
    "IPv4 only, there": "hello",
  });
  assert.is(seen["IPv6, reloaded"], "hello");
});

test("lets no container be the router of others, and leaves the host its own", () => {
  assert.equal(seen["listens to routers"], ["0", "0", "2"]);
});

test("refuses a port at an address of IPv6 that would not be reached", () => {
  assert.is(seen["one version"], "usage");
  assert.ok([undefined, "unsupported"].includes(seen["filtering bridges"] as string | undefined));
});

test("refuses a port that another container has, and connects nothing then", () => {
  assert.is(seen["taken"], "conflict");
  assert.is(seen["leases after a refusal"], 2);
});

test("restores what somebody flushed from the firewall", () => {
  assert.is(seen["flushed"], "");
  assert.is(seen["connected"], 3);
  assert.equal(seen["reloaded"], PUBLISHED);
});

test("removes a network only when nobody is on it", () => {
  assert.is(seen["removing a used network"], "conflict");
});

test("leaves nothing of containers that were disconnected or crashed", () => {
  assert.equal(seen["left"], { links: 3, leases: 0 }); // lo, the bridge, the world's
  for (const map of seen["maps"] as string[]) assert.not.match(map, /elements/);
});
