/**
 * Runs test files, each in a process of its own: `bun test/run.ts [--timeout SECONDS] [FILE|DIRECTORY…]`.
 *
 * Without arguments: every `*.test.ts` under test/ except the long suites, which are run by naming their directory.
 * Prints one line per file, the output of those that failed, the reasons of what was skipped, and as its last line
 * `N passed, N failed[, N skipped]`. Exits 1 unless everything passed and something ran.
 */
import { spawn, type SpawnOptions, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Report } from "./support/run-file.ts";
import { scratchDirectory } from "./support/scratch.ts";

const ROOT = resolve(import.meta.dirname, "..");
/** Directories under test/ that hold no quick tests. */
const LONG = ["crash", "interop", "vm"];
const JOBS = 2;
const DEFAULT_TIMEOUT_S = "120";
/** Tests that mount must not reach the host: where we may, every file gets a mount namespace of its own. */
const NAMESPACE = ["--mount", "--propagation", "private"];
/** Tests below these have a network of their own as well, with a loopback device. */
const OWN_NETWORK = ["test/containers/", "test/crash/"].map((path) => join(ROOT, path));
const RAISE_LOOPBACK = ["sh", "-c", 'ip link set lo up; exec "$@"', "sh"];

interface Result {
  file: string;
  passed: number;
  failures: string[];
  skips: { name: string; reason: string }[];
  output: string;
}

const { values, positionals } = parseArgs({
  options: { timeout: { type: "string", default: DEFAULT_TIMEOUT_S } },
  allowPositionals: true,
});
const timeoutMs = Number(values.timeout) * 1000;
const files = positionals.length > 0 ? positionals.flatMap(named) : discover(join(ROOT, "test"), LONG);
const scratch = scratchDirectory();
const isolated = spawnSync("unshare", [...NAMESPACE, "true"]).status === 0;
const running = new Set<number>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    for (const pid of running) killGroup(pid);
    process.exit(1);
  });
}
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const results: Result[] = [];
const queue = files.entries();
await Promise.all(Array.from({ length: JOBS }, worker));
summarize(results);

async function worker(): Promise<void> {
  for (const [index, file] of queue) {
    const result = await runFile(file, index);
    results.push(result);
    printResult(result);
  }
}

/** Test files an argument stands for; a file is taken as it is. */
function named(argument: string): string[] {
  const path = resolve(argument);
  return statSync(path).isDirectory() ? discover(path, []) : [path];
}

function discover(directory: string, except: readonly string[]): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return except.includes(entry.name) ? [] : discover(path, []);
      return entry.name.endsWith(".test.ts") ? [path] : [];
    });
}

async function runFile(file: string, index: number): Promise<Result> {
  const reportPath = join(scratch, `${index}.json`);
  const outputPath = join(scratch, `${index}.log`);
  // A file, not a pipe: a process the test left behind must not keep us waiting.
  const output = openSync(outputPath, "w");
  const runner = join(import.meta.dirname, "support/run-file.ts");
  const command = [runner, file, reportPath];
  const env = { ...process.env, TMPDIR: join(scratch, `${index}`), ...(isolated && { ATOMIC_TEST_MOUNTS: "private" }) };
  mkdirSync(env.TMPDIR);
  const options = { cwd: ROOT, env, detached: true, stdio: ["ignore", output, output] } satisfies SpawnOptions;
  const child = isolated
    ? spawn("unshare", [...namespaceOf(file), process.execPath, ...command], options)
    : spawn(process.execPath, command, options);
  closeSync(output);
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  const ending = await new Promise<string | undefined>((done) => {
    const timer = setTimeout(() => done(`was still running after ${values.timeout} s`), timeoutMs);
    child.on("error", (error) => done(`could not be started: ${error.message}`));
    child.on("exit", (status, signal) => {
      clearTimeout(timer);
      done(signal === null ? exitProblem(status) : `was killed by ${signal}`);
    });
  });
  if (pid !== undefined) {
    running.delete(pid);
    killGroup(pid);
  }
  return judge(relative(ROOT, file), ending, readReport(reportPath), readFileSync(outputPath, "utf8"));
}

function namespaceOf(file: string): string[] {
  return OWN_NETWORK.some((path) => file.startsWith(path)) ? [...NAMESPACE, "--net", ...RAISE_LOOPBACK] : NAMESPACE;
}

function exitProblem(status: number | null): string | undefined {
  return status === 0 ? undefined : `exited with status ${status}`;
}

/** Also ends what a test left running. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Report;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Turns what a process left behind into a verdict; anything but a complete, green report is a failure. */
function judge(file: string, ending: string | undefined, report: Report | undefined, output: string): Result {
  const result: Result = { file, passed: 0, failures: [], skips: [], output };
  for (const { suite, name, status, reason } of report?.outcomes ?? []) {
    const title = `${suite}: ${name}`;
    if (status === "passed") result.passed += 1;
    else if (status === "skipped") result.skips.push({ name: title, reason: reason ?? "no reason given" });
    else result.failures.push(`${title}: ${status === "pending" ? "did not run" : (reason ?? "failed")}`);
  }
  result.failures.push(...(report?.strays ?? []));
  if (report?.outcomes.length === 0 && result.failures.length === 0) result.failures.push("registered no test");
  if (report?.finished === false) result.failures.push("exited before its tests were done");
  if (ending !== undefined && result.failures.length === 0) result.failures.push(ending);
  return result;
}

function printResult({ file, passed, failures, skips, output }: Result): void {
  const skipped = skips.length > 0 ? `, ${skips.length} skipped` : "";
  if (failures.length === 0) return console.log(`ok    ${file}  ${passed} passed${skipped}`);
  const indented = output.trimEnd().replace(/^/gm, "    ");
  const lines = failures.map((failure) => `    ✘ ${failure}`);
  console.log([`FAIL  ${file}  ${passed} passed, ${failures.length} failed${skipped}`, indented, ...lines].join("\n"));
}

function summarize(results: Result[]): void {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failures.length, 0);
  const skips = results.flatMap((result) => result.skips);
  for (const { name, reason } of skips) console.log(`skipped  ${name}: ${reason}`);
  if (passed + failed + skips.length === 0) console.log("no test was found");
  console.log(`${passed} passed, ${failed} failed${skips.length > 0 ? `, ${skips.length} skipped` : ""}`);
  process.exitCode = failed === 0 && passed + skips.length > 0 ? 0 : 1;
}
