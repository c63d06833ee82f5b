import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { checkHealth } from "../../../src/deploy/index.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("deploy/health/check-health");

function reportOf(checks: Record<string, string>, seconds = 60) {
  const root = tempDir();
  for (const [name, script] of Object.entries(checks)) {
    const path = join(root, "etc/atomic/health.d", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  }
  const { healthy, checks: results } = checkHealth({ root, seconds });
  return { healthy, results: results.map(({ name, passed, ending, output }) => ({ name, passed, ending, output })) };
}
const sh = (body: string): string => `#!/bin/sh\n${body}\n`;

test("is healthy without checks, and when all pass", () => {
  assert.equal(reportOf({}), { healthy: true, results: [] });
  assert.equal(reportOf({ "required.d/a": sh("echo fine") }), {
    healthy: true,
    results: [{ name: "a", passed: true, ending: "exited with 0", output: "fine" }],
  });
});

test("only warns of a wanted check that fails", () =>
  assert.equal(reportOf({ "wanted.d/a": sh("exit 3") }), {
    healthy: true,
    results: [{ name: "a", passed: false, ending: "exited with 3", output: "" }],
  }));

test("is not healthy when a required check fails, and keeps the last lines it said", () => {
  const { healthy, results } = reportOf({
    "required.d/a": sh("seq 1 30; echo 'no route' >&2; exit 7"),
    "required.d/b": sh(":"),
  });
  assert.is(healthy, false);
  assert.is(results[0]?.ending, "exited with 7");
  assert.is(results[0]?.output, "22\n23\n24\n25\n26\n27\n28\n29\n30\nno route");
  assert.is(results[1]?.passed, true, "the others run all the same");
});

test("ends a check that takes too long, with its children", () => {
  const { healthy, results } = reportOf({ "required.d/a": sh("echo waiting; sleep 600 & sleep 600") }, 1);
  assert.is(healthy, false);
  assert.equal(results, [{ name: "a", passed: false, ending: "was still running after 1 s", output: "waiting" }]);
});

test("takes a check that cannot be started for a failed one", () => {
  const { healthy, results } = reportOf({ "required.d/a": "#!/nonexistent/interpreter\n" });
  assert.is(healthy, false);
  assert.is(results[0]?.passed, false);
});
