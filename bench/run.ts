/**
 * Compares the built `atomic` with the real ostree:
 * `npm run bench [-- --rounds N | --quick] [--only SCENARIO,…] [--name NAME] [--scratch DIRECTORY]`.
 *
 * Prints the report; a whole run, or one given a name, also writes it to bench/results. Exits 1 when a scenario fails;
 * a missed target is a result, not a failure. Needs root, and about 6 GB of scratch space.
 */
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { peer } from "../test/support/peers.ts";
import { run } from "../src/spawn.ts";
import type { Result } from "./case.ts";
import { type DebianPair, debianPair } from "./debian-pair.ts";
import { machineFacts } from "./machine.ts";
import { createMeter } from "./measure.ts";
import { plotRatios } from "./plot.ts";
import { type Run, reportText } from "./report.ts";
import { runScenario } from "./run-scenario.ts";
import type { Scenario, Setting } from "./scenario.ts";
import { diskScenario, hostScenario } from "./scenarios/host.ts";
import { memoryScenario } from "./scenarios/memory.ts";
import { startScenario } from "./scenarios/start.ts";
import { storeScenario } from "./scenarios/store.ts";
import { removeTree, warmUp } from "./scratch.ts";

const ROOT = resolve(import.meta.dirname, "..");
const RESULTS = join(import.meta.dirname, "results");
const ATOMIC = join(ROOT, "dist/bin/atomic");
const SCENARIOS = [startScenario, storeScenario, hostScenario, diskScenario, memoryScenario];
const DEFAULT_NAME = "ostree";
/** Set in the mount namespace that this program makes for itself. */
const INSIDE = "ATOMIC_BENCH_MOUNTS";

if (process.env[INSIDE] === "private") bench();
else process.exitCode = inPrivateMounts();

/** What the programs mount must not reach the host. */
function inPrivateMounts(): number {
  const command = ["unshare", "--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, [INSIDE]: "private" };
  return Bun.spawnSync(command, { env, stdio: ["inherit", "inherit", "inherit"] }).exitCode;
}

function bench(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      name: { type: "string" },
      scratch: { type: "string", default: "/var/tmp" },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: expected a whole number above 0`);
  const scenarios = chosen(values.only?.split(","), values.quick);

  const directory = mkdtempSync(join(values.scratch, "atomic-bench-"));
  process.on("exit", () => removeTree(directory));
  const pair = debianPair();
  const report = compare(scenarios, settingIn(directory, pair), rounds);
  report.facts = [...report.facts, ...treeFacts(pair)];
  const name = values.name ?? (scenarios.length === SCENARIOS.length ? DEFAULT_NAME : undefined);
  console.log(reportText(report));
  if (name !== undefined) save(name, report);
  if (report.failures.length > 0) process.exitCode = 1;
}

function chosen(names: readonly string[] | undefined, quick: boolean): Scenario[] {
  const known = SCENARIOS.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected one of ${known.join(", ")}`);
  return SCENARIOS.filter(({ name, long }) => names?.includes(name) ?? !(quick && long === true));
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

function compare(scenarios: readonly Scenario[], setting: Setting, rounds: number): Run {
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
  writeFileSync(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(join(RESULTS, `${name}.svg`), plotRatios(report.results));
}
