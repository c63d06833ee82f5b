/**
 * Compares the built `atomic` with the real ostree: `npm run bench [-- OPTION…]`; options.ts has the options.
 *
 * Prints the report; a run of all scenarios, or one given a name, also writes it to bench/results. Exits 1 when a
 * scenario fails; a missed target is a result, not a failure. Needs root, and about 6 GB of scratch space.
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../src/spawn.ts";
import { peer } from "../test/support/peers.ts";
import type { Result } from "./case.ts";
import { type DebianPair, debianPair } from "./debian-pair.ts";
import { machineFacts } from "./machine.ts";
import { createMeter } from "./measure.ts";
import { type Options, parseOptions } from "./options.ts";
import { plotRatios } from "./plot.ts";
import { reportText, type Run } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import type { Setting } from "./scenario.ts";
import { deltaScenario } from "./scenarios/delta.ts";
import { diskScenario, hostScenario } from "./scenarios/host.ts";
import { memoryScenario } from "./scenarios/memory.ts";
import { pullScenario } from "./scenarios/pull.ts";
import { startScenario } from "./scenarios/start.ts";
import { storeScenario } from "./scenarios/store.ts";
import { removeTree, warmUp } from "./scratch.ts";

const ROOT = resolve(import.meta.dirname, "..");
const RESULTS = join(import.meta.dirname, "results");
const ATOMIC = join(ROOT, "dist/bin/atomic");
const SCENARIOS = [
  startScenario,
  storeScenario,
  hostScenario,
  diskScenario,
  memoryScenario,
  deltaScenario,
  pullScenario,
];
/** Names the scratch directory to the process that does the work, in a mount namespace of its own. */
const SCRATCH = "ATOMIC_BENCH_SCRATCH";

const options = parseOptions(process.argv.slice(2), SCENARIOS);
const scratch = process.env[SCRATCH];
if (scratch === undefined) process.exitCode = benchInPrivateMounts(options);
else bench(options, scratch);

/** What the programs mount does not reach the host, and is gone before the scratch directory is removed. */
function benchInPrivateMounts(options: Options): number {
  const directory = mkdtempSync(join(resolve(options.scratch), "atomic-bench-"));
  process.on("SIGINT", () => {}); // ends the other process; this one cleans up
  try {
    const command = ["unshare", "--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)];
    const env = { ...process.env, [SCRATCH]: directory };
    return Bun.spawnSync(command, { env, stdio: ["inherit", "inherit", "inherit"] }).success ? 0 : 1;
  } finally {
    removeTree(directory);
  }
}

function bench(options: Options, directory: string): void {
  const pair = debianPair();
  const report = compare(options, settingIn(directory, pair));
  report.facts = [...report.facts, ...treeFacts(pair)];
  console.log(reportText(report));
  if (options.name !== undefined) save(options.name, report);
  if (report.failures.length > 0) process.exitCode = 1;
}

function settingIn(directory: string, pair: DebianPair): Setting {
  const ostree = peer("ostree");
  if (ostree.missing !== undefined) throw new Error(ostree.missing);
  if (!existsSync(ATOMIC)) run([process.execPath, join(ROOT, "scripts/build.ts")]);
  const trees = { v1: pair.v1.path, v2: pair.v2.path };
  for (const tree of Object.values(trees)) warmUp(tree);
  const programs = { ostree: ostree.argv, atomic: [ATOMIC] };
  return { directory, programs, trees, meter: createMeter(join(directory, "time")) };
}

function compare({ scenarios, rounds }: Options, setting: Setting): Run {
  const results: Result[] = [];
  const failures: string[] = [];
  for (const scenario of scenarios) {
    console.error(`running ${scenario.name}`);
    try {
      results.push(...runScenario(scenario, setting, rounds));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${scenario.name}: ${reason.replaceAll(setting.directory, "SCRATCH").replaceAll(ROOT, ".")}`);
    }
  }
  const date = new Date().toISOString().slice(0, 10);
  return { date, rounds, facts: machineFacts(setting.directory, setting.programs), results, failures };
}

function treeFacts({ v1, v2, differingPackages }: DebianPair): [string, string][] {
  const size = ({ files, bytes }: DebianPair["v1"]): string => `${files} files, ${(bytes / 1e6).toFixed(0)} MB`;
  return [
    ["v1", size(v1)],
    ["v2", `${size(v2)}; ${differingPackages} packages differ from v1`],
  ];
}

function save(name: string, report: Run): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${name}.md`), reportText(report, `${name}.svg`));
  const facts = Object.fromEntries(report.facts);
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify({ ...report, facts }, null, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.svg`), plotRatios(report.results));
}
