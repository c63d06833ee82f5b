import * as assert from "uvu/assert";
import { runOptions } from "../../../src/containers/configure/run-options.ts";
import type { NamedContainer } from "../../../src/containers/engine/record.ts";
import { unitCommand } from "../../../src/containers/engine/unit.ts";
import { suite } from "../../support/suite.ts";

const test = suite("containers as units");
const verb = (name: string, ...words: string[]): [string, ...string[]] => [
  "/usr/bin/atomic",
  name,
  '--sysroot=/a "$b" %c\\',
  ...words,
];

function command(restart?: string): string[] {
  const flags = { unit: true, detach: true, ...(restart === undefined ? {} : { restart }) };
  const container = {
    id: "12ab",
    name: "web",
    image: "docker.io/library/web:1",
    defaults: {},
    options: runOptions(flags),
  };
  return unitCommand(verb, container as unknown as NamedContainer, "/run/atomic");
}

const propertiesOf = (words: readonly string[]) =>
  Object.fromEntries(
    words
      .flatMap((word) => [/^--property=(\w+)=([^]*)$/.exec(word)])
      .flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!]])),
  );

test("has systemd start, stop and settle the container by name", () => {
  const words = command();
  assert.ok(words.includes("--unit=atomic-web.service"));
  assert.ok(words.includes("--setenv=ATOMIC_RUN=/run/atomic"));
  assert.equal(words.slice(words.indexOf("--") + 1), [
    ...["/usr/bin/atomic", "start", '--sysroot=/a "$$b" %c\\', "--in-unit", "web"],
  ]);
  const { ExecStop, ExecStopPost, PIDFile, SuccessExitStatus } = propertiesOf(words);
  assert.equal([PIDFile, SuccessExitStatus], ["/run/atomic/bundles/12ab/watcher.pid", "143"]);
  const sysroot = '"--sysroot=/a \\"$b\\" %c\\\\"';
  assert.is(ExecStop, `:"/usr/bin/atomic" "stop" ${sysroot} "--in-unit" "--time=10" "web"`);
  assert.is(ExecStopPost, `:"/usr/bin/atomic" "settle" ${sysroot} "--in-unit" "web"`);
});

const POLICIES: [string | undefined, Record<string, string>][] = [
  [undefined, { Restart: "no" }],
  ["always", { Restart: "always", RestartSec: "100ms", StartLimitIntervalSec: "0" }],
  ["unless-stopped", { Restart: "always", RestartSec: "100ms", StartLimitIntervalSec: "0" }],
  ["on-failure", { Restart: "on-failure", RestartSec: "100ms", StartLimitIntervalSec: "0" }],
  [
    "on-failure:3",
    { Restart: "on-failure", RestartSec: "100ms", StartLimitIntervalSec: "infinity", StartLimitBurst: "4" },
  ],
];
for (const [policy, expected] of POLICIES) {
  test(`leaves --restart=${policy ?? "no"} to systemd`, () => {
    const { Restart, RestartSec, StartLimitIntervalSec, StartLimitBurst } = propertiesOf(command(policy));
    assert.equal(JSON.parse(JSON.stringify({ Restart, RestartSec, StartLimitIntervalSec, StartLimitBurst })), expected);
  });
}
