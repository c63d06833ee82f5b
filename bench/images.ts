/**
 * Compares the built `atomic pull` with skopeo and umoci, from a registry on the loopback:
 * `bun bench/images.ts [--rounds N] [--tree DIR] [--name NAME]`.
 *
 * Prints the report, and with a name writes it to bench/results. Needs root, docker-registry and umoci.
 */
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { run } from "../src/spawn.ts";
import { dockerRegistry } from "../test/support/docker-registry.ts";
import { skopeoPeer } from "../test/support/skopeo.ts";
import { debianPair } from "./debian-pair.ts";
import { machineFacts } from "./machine.ts";
import { createMeter, diskUsage } from "./measure.ts";
import { formatRatio, formatValue } from "./quantity.ts";
import { removeTree } from "./scratch.ts";
import { median } from "./statistics.ts";
import { markdownTable } from "./table.ts";

const ROOT = resolve(import.meta.dirname, "..");
const ATOMIC = join(ROOT, "dist/bin/atomic");
const TARGET = 0.7;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, tree: { type: "string" }, name: { type: "string" } },
});
if (skopeoPeer.missing !== undefined) throw new Error(skopeoPeer.missing);
const skopeo = skopeoPeer.argv;
const directory = mkdtempSync("/var/tmp/atomic-bench-");
const registry = await dockerRegistry();
try {
  const text = compare(`${registry.host}/bench/debian:1`, values.tree ?? debianPair().v1.path, Number(values.rounds));
  console.log(text);
  if (values.name !== undefined) writeFileSync(join(import.meta.dirname, "results", `${values.name}.md`), text);
} finally {
  registry.close();
  removeTree(directory);
}

function compare(image: string, tree: string, rounds: number): string {
  if (!existsSync(ATOMIC)) run([process.execPath, join(ROOT, "scripts/build.ts")]);
  const layout = join(directory, "layout");
  run(["umoci", "init", "--layout", layout]);
  run(["umoci", "new", "--image", `${layout}:1`]);
  run(["tar", "-C", tree, "--numeric-owner", "-cf", join(directory, "layer.tar"), "."]);
  run(["umoci", "raw", "add-layer", "--image", `${layout}:1`, join(directory, "layer.tar")]);
  run([...skopeo, "copy", "--insecure-policy", "--dest-tls-verify=false", `oci:${layout}:1`, `docker://${image}`]);
  const meter = createMeter(join(directory, "time"));
  const wall = (argv: readonly string[]): number => meter(argv).wall!;
  const samples = { theirs: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const [copy, bundle, repo] = ["copy", "bundle", "repo"].map((name) => join(directory, `${name}-${round}`));
    run([ATOMIC, "repo", "init", "--repo", repo!]);
    const pull = () => samples.ours.push(wall([ATOMIC, "pull", "--insecure", "--repo", repo!, `docker://${image}`]));
    const unpack = () => {
      const copying = ["copy", "-q", "--insecure-policy", "--src-tls-verify=false", `docker://${image}`];
      const first = wall([...skopeo, ...copying, `oci:${copy}:1`]);
      samples.theirs.push(first + wall(["umoci", "unpack", "--image", `${copy}:1`, bundle!]));
    };
    for (const measure of round % 2 === 0 ? [unpack, pull] : [pull, unpack]) measure();
  }
  const ratio = median(samples.ours) / median(samples.theirs);
  const shown = (all: readonly number[]): string => {
    const [least, most] = [Math.min(...all), Math.max(...all)].map((one) => formatValue("wall", one));
    return `${formatValue("wall", median(all))} (${least} – ${most})`;
  };
  return `${[
    "# Images: atomic, skopeo and umoci compared",
    `Measured on ${new Date().toISOString().slice(0, 10)} in ${rounds} rounds, in which both take turns: an image of one gzip
layer in a registry on the loopback becomes a tree in an empty store, or an OCI layout and an unpacked bundle.`,
    markdownTable(
      ["case", "median"],
      [
        ["skopeo copy, then umoci unpack", shown(samples.theirs)],
        ["atomic pull", shown(samples.ours)],
      ],
    ),
    markdownTable(
      ["ratio", "measured", "target", "met"],
      [["atomic / both", formatRatio(ratio), `≤ ${formatRatio(TARGET)}`, ratio <= TARGET ? "yes" : "**no**"]],
    ),
    markdownTable(
      ["fact", "value"],
      [
        ["image", `${(diskUsage(join(layout, "blobs")) / 1e6).toFixed(0)} MB compressed`],
        ["tree", `${(diskUsage(tree) / 1e6).toFixed(0)} MB on disk`],
        ...machineFacts(directory, { skopeo, umoci: ["umoci"], atomic: [ATOMIC] }),
      ],
    ),
  ].join("\n\n")}\n`;
}
