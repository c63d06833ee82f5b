/** Measuring a whole process. */
import { readFileSync } from "node:fs";
import { peer } from "../test/support/peers.ts";
import { run } from "../src/spawn.ts";
import type { Sample } from "./case.ts";

/** Measures one run of a program, from its start to its end. */
export type Meter = (argv: readonly string[]) => Sample;

const SHOWN_STDERR = 1000;

/**
 * A meter that keeps its notes in the file `notes`.
 *
 * The program is started by time(1): Linux counts the resident set of the process that starts another as the other's
 * own, and ours is larger than what is measured. That costs both programs the same, about half a millisecond.
 * What is to be written is written before, so that nobody waits for what others left.
 * @throws Error when time(1) cannot be had, or the program fails
 */
export function createMeter(notes: string): Meter {
  const time = peer("time");
  if (time.missing !== undefined) throw new Error(time.missing);
  return (argv) => {
    run(["sync"]);
    const command = [...time.argv, "--quiet", "--format=%M", `--output=${notes}`, "--", ...argv];
    const started = performance.now();
    const child = Bun.spawnSync(command, { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const wall = performance.now() - started;
    if (!child.success) {
      const said = child.stderr.toString().trim().slice(-SHOWN_STDERR);
      throw new Error(`${argv.join(" ")}: ended with ${child.signalCode ?? child.exitCode}: ${said}`);
    }
    const cpu = Number(child.resourceUsage?.cpuTime.total ?? 0) / 1000;
    return { wall, cpu, rss: Number(readFileSync(notes, "utf8")) * 1024 };
  };
}

/** Bytes on disk at and below `path`, several names of a file counted once. */
export function diskUsage(path: string): number {
  const { stdout } = run(["du", "--summarize", "--one-file-system", "--block-size=1", path]);
  return Number.parseInt(stdout.toString(), 10);
}
