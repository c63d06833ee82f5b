/**
 * Compares the built `atomic run` with Debian's podman and crun:
 * `bun bench/containers.ts [--rounds N] [--containers N] [--name NAME]`.
 *
 * Prints the report, and with a name writes it to bench/results. Needs root, podman and crun. Everything is done in a
 * mount namespace without the hybrid cgroup2 hierarchy: crun refuses hosts that have one beside version 1.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createContainer, deleteContainer, parseConfig, parseContainerId } from "../src/containers/index.ts";
import { run } from "../src/spawn.ts";
import { writeLayout } from "../test/oci/layout-builder.ts";
import { density, densityRows } from "./container-density.ts";
import { machineFacts } from "./machine.ts";
import { createMeter } from "./measure.ts";
import { formatRatio, formatValue } from "./quantity.ts";
import { removeTree } from "./scratch.ts";
import { median } from "./statistics.ts";
import { markdownTable } from "./table.ts";

const ROOT = resolve(import.meta.dirname, "..");
const ATOMIC = join(ROOT, "dist/bin/atomic");
const SCRATCH = "ATOMIC_BENCH_SCRATCH";
const BUSYBOX = "/bin/busybox";
/** Processes without CAP_SYS_RESOURCE cannot have the limits podman gives otherwise. */
const ULIMITS = ["--ulimit=nofile=20000:20000", "--ulimit=nproc=1000:1000"];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    containers: { type: "string", default: "500" },
    name: { type: "string" },
  },
});
const scratch = process.env[SCRATCH];
if (scratch === undefined) process.exitCode = inPrivateMounts();
else await compare(scratch, Number(values.rounds));

function inPrivateMounts(): number {
  // podman makes names of paths, and those have to be in lower case.
  const directory = `/var/tmp/atomic-bench-${process.pid}`;
  mkdirSync(directory);
  const script = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
  const argv = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh"];
  const places = { ATOMIC_SYSROOT: join(directory, "sysroot"), ATOMIC_RUN: join(directory, "run") };
  const env = { ...process.env, ...places, [SCRATCH]: directory };
  try {
    const command = [...argv, process.execPath, ...process.argv.slice(1)];
    return Bun.spawnSync(command, { env, stdio: ["inherit", "inherit", "inherit"] }).success ? 0 : 1;
  } finally {
    removeTree(directory);
  }
}

async function compare(directory: string, rounds: number): Promise<void> {
  if (!existsSync(ATOMIC)) run([process.execPath, join(ROOT, "scripts/build.ts")]);
  const podman = preparePodman(directory);
  prepareAtomic(directory);
  try {
    await measureAll(directory, rounds, podman);
  } finally {
    run([ATOMIC, "rm", "--force", "probe"]);
  }
}

async function measureAll(directory: string, rounds: number, podman: readonly string[]): Promise<void> {
  const bundle = prepareBundle(directory);
  const meter = createMeter(join(directory, "time"));
  const wall = (argv: readonly string[]): number => meter(argv).wall!;
  const cases = {
    "podman run": () => wall([...podman, "run", "--rm", "--network=none", ...ULIMITS, "box", "true"]),
    "crun run": () => wall(["crun", `--root=${directory}/crun`, "run", `--bundle=${bundle}`, "bench"]),
    "atomic run": () => wall([ATOMIC, "run", "--rm", "--network=none", ...ULIMITS, "box", "true"]),
    "atomic, launch alone": () => inProcess(directory, bundle),
    "atomic run, on a bridge": () => wall([ATOMIC, "run", "--rm", ...ULIMITS, "box", "true"]),
    "atomic ps": () => wall([ATOMIC, "ps"]),
    "atomic --version": () => wall([ATOMIC, "--version"]),
  };
  const samples = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1)
    for (const [name, measure] of Object.entries(cases)) {
      const value = await measure();
      if (round >= 0) samples.get(name)!.push(value);
    }
  const crowd = await density(join(directory, "density"), bundle, Number(values.containers));
  const text = reportOf(directory, { rounds, samples, rows: densityRows(crowd) });
  console.log(text);
  if (values.name !== undefined) writeFileSync(join(import.meta.dirname, "results", `${values.name}.md`), text);
}

function preparePodman(directory: string): string[] {
  const layer = [
    ...["bin", "dev", "etc", "proc", "sys", "tmp"].map((name) => ({ name, flag: "5", mode: 0o755 })),
    { name: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...["sleep", "true"].map((name) => ({ name: `bin/${name}`, flag: "2", target: "busybox" })),
  ];
  const layout = join(directory, "layout");
  writeLayout(layout, { layers: [layer], tag: "latest", run: { Env: ["PATH=/bin"], Cmd: ["true"] } });
  const places = [`--root=${directory}/podman`, `--runroot=${directory}/podman-run`, "--storage-driver=overlay"];
  const podman = ["podman", ...places, "--runtime=crun", "--cgroup-manager=cgroupfs", "--events-backend=file"];
  const id = run([...podman, "pull", "--quiet", `oci:${layout}:latest`])
    .stdout.toString()
    .trim();
  run([...podman, "tag", id, "box"]);
  return podman;
}

function prepareAtomic(directory: string): void {
  mkdirSync(join(directory, "sysroot"));
  run([ATOMIC, "host", "init"]);
  run([ATOMIC, "pull", `oci:${directory}/layout`, "--name=box"]);
}

/** A bundle of the configuration `atomic run` makes: that of a container which is there, so its files are. */
function prepareBundle(directory: string): string {
  run([ATOMIC, "run", "--detach", "--name=probe", ...ULIMITS, "box", "sleep", "100000"]);
  const [id] = run(["ls", join(directory, "run/containers")])
    .stdout.toString()
    .split("\n");
  const record = JSON.parse(readFileSync(join(directory, "run/containers", id!, "container.json"), "utf8")) as {
    config: { ociVersion: string; process: { args: string[] }; root: { path: string } };
  };
  const { config } = record;
  const bundle = join(directory, "bundle");
  mkdirSync(join(bundle, "rootfs/bin"), { recursive: true });
  run(["cp", BUSYBOX, join(bundle, "rootfs/bin/busybox")]);
  for (const name of ["sleep", "true"]) run(["ln", "-s", "busybox", join(bundle, "rootfs/bin", name)]);
  config.ociVersion = "1.0.2"; // what crun of Debian 12 takes
  config.process.args = ["true"];
  config.root.path = join(bundle, "rootfs");
  writeFileSync(join(bundle, "config.json"), JSON.stringify(config));
  return bundle;
}

/** Creates, runs and deletes a container without a process of its own for that: what it costs one that starts many. */
async function inProcess(directory: string, bundle: string): Promise<number> {
  const config = parseConfig(readFileSync(join(bundle, "config.json"), "utf8"));
  const state = join(directory, "runtime");
  const started = performance.now();
  const id = parseContainerId(`bench-${process.pid}`);
  const monitor = { directory: state, detached: false, log: false, maxLog: 0 };
  const options = { state, id, bundle, rootfs: config.root!.path, config, descriptors: [0, 1, 2] as const };
  await createContainer({ ...options, waits: false, monitor, filters: join(directory, "filters") }).ended;
  deleteContainer(state, id, true);
  return performance.now() - started;
}

interface Report {
  rounds: number;
  samples: ReadonlyMap<string, readonly number[]>;
  rows: readonly (readonly string[])[];
}

function reportOf(directory: string, { rounds, samples, rows }: Report): string {
  const value = (name: string): number => median(samples.get(name)!);
  const shown = (name: string): string => {
    const all = samples.get(name)!;
    const [least, most] = [Math.min(...all), Math.max(...all)].map((one) => formatValue("wall", one));
    return `${formatValue("wall", value(name))} (${least} – ${most})`;
  };
  const targets = [
    ["atomic run", "podman run", 0.25],
    ["atomic run", "crun run", 2],
    ["atomic, launch alone", "crun run", 1],
  ] as const;
  const programs = { podman: ["podman"], crun: ["crun"], atomic: [ATOMIC] };
  return `${[
    "# Containers: atomic, podman and crun compared",
    `Measured on ${new Date().toISOString().slice(0, 10)} in ${rounds} rounds, in which all take turns: \`true\` in a
container with all namespaces, started, run to its end and removed. Whole processes but for launch alone: groups, seccomp,
devices and removal as crun does them, in a process that has started some containers. crun gets the configuration that
\`atomic run\` makes. All without a network but for the one on a bridge; the last two show what each command costs.`,
    markdownTable(
      ["case", "median"],
      [...samples.keys()].map((name) => [name, shown(name)]),
    ),
    markdownTable(
      ["ratio", "measured", "target", "met"],
      targets.map(([ours, theirs, most]) => {
        const ratio = value(ours) / value(theirs);
        return [`${ours} / ${theirs}`, formatRatio(ratio), `≤ ${formatRatio(most)}`, ratio <= most ? "yes" : "**no**"];
      }),
    ),
    "## Many at once",
    markdownTable(["of all containers", "measured", "target", "met"], rows),
    "## Where",
    markdownTable(["fact", "value"], machineFacts(directory, programs)),
  ].join("\n\n")}\n`;
}
