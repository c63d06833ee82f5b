/**
 * One test file in this process: `bun test/support/run-file.ts FILE REPORT`.
 *
 * The report is written as the process exits, so that an error thrown after the last test still counts; a report that
 * is missing or unfinished means the process was killed or left early.
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";
import type { Outcome } from "./suite.ts";

/** What `test/run.ts` reads. */
export interface Report {
  /** False when the process exited before its tests were done. */
  finished: boolean;
  outcomes: readonly Outcome[];
  /** Errors that belong to no test: at import, in a hook's cleanup, unhandled rejections, uncaught exceptions. */
  strays: readonly string[];
}

/** How long the process may stay alive after its last test. */
const LINGER_MS = 10_000;

const [file, reportPath] = process.argv.slice(2);
if (file === undefined || reportPath === undefined) throw new Error("usage: run-file.ts FILE REPORT");

globalThis.UVU_DEFER = 1;
const { runSuites, testOutcomes } = await import("./suite.ts");

const strays: string[] = [];
let finished = false;

function stray(what: string, error: unknown): void {
  strays.push(`${what}: ${error instanceof Error ? error.message : inspect(error)}`);
  console.error(`${what}: ${inspect(error)}`);
}

process.on("unhandledRejection", (error) => stray("unhandled rejection", error));
process.on("uncaughtException", (error) => stray("uncaught exception", error));
process.on("exit", () => {
  const outcomes = testOutcomes();
  const report: Report = { finished, outcomes, strays };
  writeFileSync(reportPath, JSON.stringify(report));
  const good = outcomes.every(({ status }) => status === "passed" || status === "skipped");
  process.exitCode = finished && good && strays.length === 0 ? 0 : 1;
});

try {
  await import(resolve(file));
  await runSuites();
} catch (error) {
  stray("outside a test", error);
}
finished = true;
setTimeout(() => {
  stray("after the last test", new Error(`something kept the process alive for ${LINGER_MS / 1000} s`));
  process.exit();
}, LINGER_MS).unref();
