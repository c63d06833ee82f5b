import * as assert from "uvu/assert";
import { unitGroupOf } from "../../../src/containers/cgroup/unit-group.ts";
import { suite } from "../../support/suite.ts";

const test = suite("control groups of units");

const MEMBERSHIPS: [string, string][] = [
  ["0::/machine.slice/atomic-web.service\n", "/machine.slice/atomic-web.service"],
  [
    "12:memory:/user.slice\n1:name=systemd:/machine.slice/atomic-a:b.service\n0::/machine.slice/atomic-a:b.service\n",
    "/machine.slice/atomic-a:b.service",
  ],
];
for (const [memberships, expected] of MEMBERSHIPS) {
  test(`finds ${expected}`, () => assert.is(unitGroupOf(memberships), expected));
}

for (const memberships of ["", "0::/\n", "0::/user.slice/session-1.scope\n", "5:memory:/x.service\n"]) {
  test(`refuses ${JSON.stringify(memberships)}, which is no unit's`, () =>
    assert.throws(
      () => unitGroupOf(memberships),
      (error: { code?: string }) => error.code === "unsupported",
    ));
}
