import * as assert from "uvu/assert";
import { networkMode, parsePublish } from "../../../src/containers/configure/network-options.ts";
import { namesServer, resolvConf } from "../../../src/containers/configure/resolv-conf.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers/configure/network-options");

for (const [text, ports] of [
  ["80", [{ protocol: "tcp", containerPort: 80 }]],
  ["8080:80/udp", [{ protocol: "udp", hostPort: 8080, containerPort: 80 }]],
  ["127.0.0.1:8080:80", [{ protocol: "tcp", hostAddress: "127.0.0.1", hostPort: 8080, containerPort: 80 }]],
  ["127.0.0.1::80", [{ protocol: "tcp", hostAddress: "127.0.0.1", containerPort: 80 }]],
  ["0.0.0.0:1:2", [{ protocol: "tcp", hostAddress: "0.0.0.0", hostPort: 1, containerPort: 2 }]],
  ["[::1]:8080:80", [{ protocol: "tcp", hostAddress: "::1", hostPort: 8080, containerPort: 80 }]],
  ["[::]::53/udp", [{ protocol: "udp", hostAddress: "::", containerPort: 53 }]],
  ["[FD00:0:0::0:2]:1:2", [{ protocol: "tcp", hostAddress: "fd00::2", hostPort: 1, containerPort: 2 }]],
  [
    "9000-9001:80-81",
    [
      { protocol: "tcp", hostPort: 9000, containerPort: 80 },
      { protocol: "tcp", hostPort: 9001, containerPort: 81 },
    ],
  ],
] as const)
  test(`reads --publish ${text}`, () => assert.equal(parsePublish(text), ports));

for (const text of [
  "",
  ":",
  "0",
  "65536",
  "80:",
  "x:80",
  "80:80:80:80",
  "1-3:1-2",
  "5-1",
  "80/sctp",
  "80/tcp/udp",
  "::1:1:2",
  "[::1]",
  "[::1]:80",
  "[::1:1:2",
  "::1]:1:2",
  "[::1%lo]:1:2",
  "[127.0.0.1]:1:2",
  "[]:1:2",
  "[::1]]:1:2",
  "[[::1]:1:2",
  "[::g]:1:2",
  "[1:2:3:4:5:6:7:8:9]:1:2",
  "[::1]:1:2:3",
  "[::1]:0:80",
  "256.0.0.1:1:2",
  "1.2.3:1:2",
  ":80",
  ":80:80",
  "80\n",
  "1-2-3:1-2",
])
  test(`refuses --publish ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parsePublish(text),
      (error: unknown) => isAtomicError(error, "usage"),
    );
  });

for (const [text, mode] of [
  [undefined, { kind: "network", name: "bridge" }],
  ["default", { kind: "network", name: "bridge" }],
  ["backend", { kind: "network", name: "backend" }],
  ["none", { kind: "private" }],
  ["host", { kind: "host" }],
  ["container:web", { kind: "container", name: "web" }],
  ["ns:/run/netns/x", { kind: "path", path: "/run/netns/x" }],
] as const)
  test(`reads --network ${text}`, () => assert.equal(networkMode(text), mode));

const HOST = "search example.org\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\noptions edns0\nevil x\n";
test("leaves out servers that only the host reaches", () => {
  const none = { servers: [], search: [] };
  assert.is(resolvConf(HOST, none), "search example.org\nnameserver 192.0.2.1\noptions edns0\n");
  assert.is(
    resolvConf(HOST, { servers: ["192.0.2.9"], search: ["a.b"] }),
    "search a.b\nnameserver 192.0.2.9\noptions edns0\n",
  );
  const six = "nameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver ::1\n";
  assert.is(resolvConf(six, none), "");
  assert.is(resolvConf(six, { ...none, ipv6: true }), "nameserver 2001:db8::1\n");
  assert.equal([namesServer(HOST), namesServer("nameserver 127.0.0.53\n")], [true, false]);
});
