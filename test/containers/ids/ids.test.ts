import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { userNamespaceMode } from "../../../src/containers/configure/user-namespace.ts";
import { freeRange } from "../../../src/containers/engine/assign-ids.ts";
import { delegatedLayout } from "../../../src/containers/cgroup/delegated.ts";
import { mappingsProblem, outsideId } from "../../../src/containers/ids/id-maps.ts";
import { parseIdMap } from "../../../src/containers/ids/own-maps.ts";
import { subordinateIds } from "../../../src/containers/ids/subordinate-ids.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("IDs of user namespaces");

test("reads the ranges of an owner, by name or number, and passes over what means nothing", () => {
  const text = [
    "alice:100000:65536",
    "bob:165536:65536",
    "1000:300000:10",
    "# alice:1:1",
    "alice:-1:5",
    "alice:1:0",
    "alice:4294967295:2",
    "alice:1:2:3",
    "alice:1e3:5",
    "aliceX:5:5",
  ].join("\n");
  assert.equal(subordinateIds(text, ["alice", "1000"]), [
    { first: 100_000, count: 65_536 },
    { first: 300_000, count: 10 },
  ]);
  assert.equal(subordinateIds("", ["alice"]), []);
});

test("takes the first gap that is wide enough, in the first range that has one", () => {
  const taken = [
    { containerID: 0, hostID: 110, size: 10 },
    { containerID: 0, hostID: 100, size: 5 },
  ];
  const ranges = [
    { first: 100, count: 25 },
    { first: 1000, count: 50 },
  ];
  assert.is(freeRange(ranges, taken, 5), 105);
  assert.is(freeRange(ranges, taken, 6), 1000);
  assert.is(freeRange(ranges, [], 25), 100);
  assert.throws(
    () => freeRange(ranges, taken, 51),
    (error: unknown) => isAtomicError(error, "no-space"),
  );
});

test("never gives two containers an ID in common", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(sizes, (all) => {
      const taken: { containerID: number; hostID: number; size: number }[] = [];
      for (const size of all) {
        const hostID = freeRange([{ first: 7, count: 1000 }], taken, size);
        assert.ok(taken.every((other) => hostID + size <= other.hostID || other.hostID + other.size <= hostID));
        taken.push({ containerID: 0, hostID, size });
      }
    }),
  );
});

test("knows what the kernel would refuse", () => {
  const one = { containerID: 0, hostID: 5, size: 2 };
  assert.is(mappingsProblem([one, { containerID: 2, hostID: 3, size: 2 }]), undefined);
  for (const bad of [
    [],
    [one, { containerID: 1, hostID: 9, size: 1 }],
    [one, { containerID: 9, hostID: 6, size: 1 }],
    [{ ...one, size: 0 }],
    [{ ...one, hostID: 0xffff_fffe, size: 2 }],
    Array.from({ length: 341 }, (_, at) => ({ containerID: at, hostID: at, size: 1 })),
  ])
    assert.type(mappingsProblem(bad), "string");
});

test("reads a map of the kernel's", () => {
  assert.equal(parseIdMap("         0       1234          1\n         1     300000      65536\n"), [
    { containerID: 0, hostID: 1234, size: 1 },
    { containerID: 1, hostID: 300_000, size: 65_536 },
  ]);
});

test("finds a user's part of control groups: the topmost group that is the user's and can be divided", () => {
  const v2 = { version: 2, mountPoint: "/sys/fs/cgroup", name: "", controllers: [], options: [] } as const;
  const own = "0::/user.slice/user-7.slice/user@7.service/app.slice/x.scope\n";
  const given = (directory: string) => directory.includes("user@7.service");
  assert.equal(delegatedLayout({ hierarchies: [v2] }, own, given).hierarchies, [
    { ...v2, mountPoint: "/sys/fs/cgroup/user.slice/user-7.slice/user@7.service" },
  ]);
  const none = delegatedLayout({ hierarchies: [v2] }, own, () => false);
  const v1 = delegatedLayout({ hierarchies: [{ ...v2, version: 1 }] }, "9:pids:/\n", () => true);
  assert.equal([none, v1], [{ hierarchies: [] }, { hierarchies: [] }]);
});

test("finds who an ID is outside", () => {
  const maps = [
    { containerID: 0, hostID: 500, size: 10 },
    { containerID: 33, hostID: 7, size: 1 },
  ];
  assert.equal(
    [0, 9, 10, 33, 34].map((id) => outsideId(maps, id)),
    [500, 509, undefined, 7, undefined],
  );
});

test("understands --userns, --uidmap and --gidmap", () => {
  const maps = { uid: [{ containerID: 0, hostID: 5, size: 1 }], gid: [{ containerID: 0, hostID: 5, size: 1 }] };
  for (const [flags, expected] of [
    [{}, { kind: "host" }],
    [{ userns: "host" }, { kind: "host" }],
    [{ userns: "auto" }, { kind: "auto", size: 65_536 }],
    [{ userns: "auto:size=9" }, { kind: "auto", size: 9 }],
    [{ userns: "keep-id" }, { kind: "keep-id" }],
    [{ uidmap: ["0:5"] }, { kind: "maps", ...maps }],
  ] as const)
    assert.equal(userNamespaceMode({ ...flags } as Parameters<typeof userNamespaceMode>[0]), expected);
});

test("refuses what cannot be, naming the option", () => {
  for (const [flags, message] of [
    [{ userns: "container:x" }, /--userns=container:x: a user namespace cannot be shared/],
    [{ userns: "other" }, /--userns: expected host, auto/],
    [{ userns: "auto:size=0" }, /--userns: expected a size from 1/],
    [{ userns: "auto", uidmap: ["0:1:1"] }, /nothing beside --uidmap/],
    [{ uidmap: ["0:1:2", "1:9:1"] }, /--uidmap 0:1:2 1:9:1: ID 1 is in two ranges/],
    [{ gidmap: ["0"] }, /--gidmap: expected CONTAINER:HOST:SIZE/],
    [{ gidmap: ["0:-1:5"] }, /--gidmap: expected CONTAINER:HOST:SIZE/],
    [{ uidmap: ["0:4294967290:20"] }, /IDs end at/],
  ] as const)
    assert.throws(() => userNamespaceMode({ ...flags } as Parameters<typeof userNamespaceMode>[0]), message);
});
