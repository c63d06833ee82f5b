/** Many idle containers of one root directory: how soon they are there, what each takes, what is left of them. */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createContainer, deleteContainer, parseConfig, parseContainerId } from "../src/containers/index.ts";
import { run } from "../src/spawn.ts";
import { median } from "./statistics.ts";

interface Density {
  count: number;
  /** Per second. */
  startRate: number;
  removeRate: number;
  /** Bytes of the kernel's memory for each container. */
  memory: number;
  /** Proportional set size of a monitor, in bytes. */
  monitor: number;
  /** What there is more of than before. */
  leaks: number;
}

const MAX_MONITOR = 100_000;

/** Starts `count` containers that sleep, from this process, and removes them. */
export async function density(state: string, bundle: string, count: number): Promise<Density> {
  mkdirSync(state, { recursive: true });
  const config = parseConfig(readFileSync(join(bundle, "config.json"), "utf8"));
  config.process!.args = ["sleep", "100000"];
  const before = { things: countThings(), memory: kernelMemory() };
  const ids = Array.from({ length: count }, (_, index) => parseContainerId(`crowd-${process.pid}-${index}`));
  const ended: Promise<number>[] = [];
  const started = performance.now();
  const ends = join(state, "../ends");
  mkdirSync(ends, { recursive: true });
  const monitor = { directory: ends, detached: true, log: false, maxLog: 0 };
  for (const id of ids) {
    const made = { state, id, bundle, rootfs: config.root!.path, config, descriptors: [0, 1, 2] as const, monitor };
    ended.push(createContainer({ ...made, waits: false, filters: join(state, "../filters") }).ended);
  }
  const running = performance.now();
  const memory = (kernelMemory() - before.memory) / count;
  const monitors = monitorSizes();
  const removing = performance.now();
  for (const id of ids) deleteContainer(state, id, true);
  await Promise.all(ended);
  const removed = performance.now();
  return {
    count,
    startRate: (count / (running - started)) * 1000,
    removeRate: (count / (removed - removing)) * 1000,
    memory,
    monitor: median(monitors),
    leaks: Math.max(0, await settled(before.things)) + readdirSync(state).length,
  };
}

export function densityRows({ count, startRate, removeRate, memory, monitor, leaks }: Density): string[][] {
  const met = (value: number, most: number): string => (value <= most ? "yes" : "**no**");
  const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;
  return [
    [`${count} started, from one process`, `${startRate.toFixed(0)}/s`, "report", ""],
    ["removed again", `${removeRate.toFixed(0)}/s`, "report", ""],
    ["the kernel's memory for each", kilobytes(memory), "report", ""],
    ["the monitor of each (PSS)", kilobytes(monitor), `≤ ${kilobytes(MAX_MONITOR)}`, met(monitor, MAX_MONITOR)],
    ["mounts, control groups, namespaces, processes and files left", String(leaks), "0", met(leaks, 0)],
  ];
}

/** Network namespaces take a moment to go. */
async function settled(before: number): Promise<number> {
  let left = 0;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    left = countThings() - before;
    if (left <= 0) return 0;
    await new Promise((done) => setTimeout(done, 100));
  }
  return left;
}

function countThings(): number {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n").length;
  const groups = run(["sh", "-c", "find /sys/fs/cgroup -name 'crowd-*' | wc -l"]).stdout.toString();
  const namespaces = run([
    "sh",
    "-c",
    "lsns --noheadings --output=COMMAND | grep -c 'sleep 100000' || true",
  ]).stdout.toString();
  return mounts + Number(groups) + Number(namespaces);
}

/** What the kernel keeps for processes, namespaces, mounts and groups, and cannot give back. */
function kernelMemory(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  const fields = ["SUnreclaim", "KernelStack", "PageTables", "Percpu"];
  return fields.reduce((sum, name) => sum + Number(new RegExp(`^${name}: *(\\d+)`, "m").exec(text)![1]) * 1024, 0);
}

/** The launch programs that watch: files in memory, by their mapped name. */
function monitorSizes(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/maps`).includes("memfd:launch"))
    .map((name) => Number(/^Pss: *(\d+)/m.exec(read(`/proc/${name}/smaps_rollup`))?.[1] ?? 0) * 1024);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has ended
  }
}
