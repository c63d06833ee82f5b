import * as assert from "uvu/assert";
import type { Fixture } from "../containers/engine/named-fixture.ts";
import { suite } from "../support/suite.ts";
import { boxFixture, firstChange, killFrom, runKilledUnmet } from "./killed-run.ts";

const test = suite("crash/run-killed-connected", runKilledUnmet());
const OPTIONS = ["--net=bridge", "-p=8080:80"];

let fixture: Fixture;
test.before(() => {
  fixture = boxFixture();
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

test("a run killed once it connects to a bridge leaves no address, interface or published port", () => {
  // What comes before is no other than without a network.
  const first = firstChange(fixture, "sendto", OPTIONS);
  assert.ok(first > 1);
  return killFrom(fixture, first, OPTIONS);
});
