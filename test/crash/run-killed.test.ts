import type { Fixture } from "../containers/engine/named-fixture.ts";
import { suite } from "../support/suite.ts";
import { boxFixture, killFrom, runKilledUnmet } from "./killed-run.ts";

const test = suite("crash/run-killed", runKilledUnmet());

let fixture: Fixture;
test.before(() => {
  fixture = boxFixture();
});
test.after(() => {
  fixture.clear();
  fixture.unmountAll();
});

test("a run that is killed at any step leaves nothing that ps and rm cannot handle", () =>
  killFrom(fixture, 1, ["--net=none"]));
