import * as assert from "uvu/assert";
import { parseListeners } from "../../../src/containers/network/listeners.ts";
import type { Lease, PortRequest } from "../../../src/containers/network/network.ts";
import { assignPorts, type Listener } from "../../../src/containers/network/ports.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers/network/ports");

const tcp = (hostPort?: number, hostAddress?: string): PortRequest => ({
  protocol: "tcp",
  containerPort: 80,
  ...(hostPort === undefined ? {} : { hostPort }),
  ...(hostAddress === undefined ? {} : { hostAddress }),
});
const LEASE: Lease = {
  container: "x",
  names: ["web"],
  address: "10.90.0.2",
  link: "at0",
  ports: [{ protocol: "tcp", hostPort: 8080, containerPort: 80, hostAddress: "127.0.0.1" }],
};
const LISTENERS: Listener[] = [{ protocol: "tcp", hostPort: 22 }];

for (const [name, requests, who] of [
  ["of another container", [tcp(8080)], "web"],
  ["of another container at the same address", [tcp(8080, "127.0.0.1")], "web"],
  ["that a program listens at", [tcp(22, "192.0.2.1")], "a program of the host"],
  ["twice", [tcp(1), tcp(1)], "the same container"],
  ["twice, at one address and at all of its version", [tcp(1, "::"), tcp(1, "::1")], "the same container"],
] as const)
  test(`refuses a port ${name}`, () =>
    assert.throws(
      () => assignPorts(requests, [LEASE], LISTENERS),
      (error: unknown) => isAtomicError(error, "conflict") && error.message.endsWith(`${who} has it`),
    ));

test("gives ports that are free, and chooses where none is asked for", () => {
  const udp: PortRequest = { protocol: "udp", hostPort: 22, containerPort: 1 };
  const [other, same, chosen] = assignPorts([tcp(8080, "192.0.2.1"), udp, tcp()], [LEASE], LISTENERS);
  assert.equal([other?.hostPort, same?.hostPort], [8080, 22]);
  assert.ok(chosen!.hostPort >= 32_768 && chosen!.hostPort <= 60_999);
});

test("gives one port to both versions of IP", () => {
  const given = assignPorts([tcp(8080, "::1"), tcp(9, "0.0.0.0"), tcp(9, "::")], [LEASE], LISTENERS);
  assert.equal(
    given.map(({ hostAddress }) => hostAddress),
    ["::1", "0.0.0.0", "::"],
  );
});

test("sees who listens", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue",
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   2: 0100007F:1F91 0100007F:1234 01 00000000:00000000 00:00000000 00000000     0        0 1 1",
    "   3: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0",
    "   4: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0",
    "   5: 00000000000000000000000000000000:0052 00000000000000000000000000000000:0000 0A 0",
    "",
  ].join("\n");
  assert.equal(parseListeners("tcp", table), [
    { protocol: "tcp", hostAddress: "127.0.0.1", hostPort: 8080 },
    { protocol: "tcp", hostAddress: "0.0.0.0", hostPort: 22 },
    { protocol: "tcp", hostAddress: "127.0.0.1", hostPort: 80 },
    { protocol: "tcp", hostAddress: "::1", hostPort: 81 },
    { protocol: "tcp", hostPort: 82 },
  ]);
  assert.equal(parseListeners("tcp", "garbage\n"), []);
});
