/** The host: deploy, read, deploy the next version over an edited /etc. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/spawn.ts";
import { diskUsage } from "../measure.ts";
import type { Place, Scenario } from "../scenario.ts";

const REF = "debian/host";

const sysroot = (place: Place): string => join(place.directory, "sysroot");
const readable = (place: Place): string => join(place.directory, "readable");

export const hostScenario: Scenario = {
  name: "host",
  prepared: "each round",
  prepare: prepareSysroot,
  steps: [
    {
      case: { name: "first deploy", metric: "wall", target: { of: "ratio", atMost: 0.4 } },
      measure: (place) => place.measure(place.verbs.deploy(sysroot(place), REF)),
      after: expectBootEntry,
    },
    {
      case: { name: "a tree ready to read (hard links / mount)", metric: "wall" },
      before: (place) => {
        // A mount point must exist, a checkout's target must not.
        if (place.tool === "atomic") mkdirSync(readable(place));
      },
      measure: (place) => place.measure(place.verbs.makeReadable(sysroot(place), REF, readable(place))),
      after: readAndRelease,
    },
    {
      case: { name: "second deploy, merging an edited /etc", metric: "wall", target: { of: "ratio", atMost: 0.4 } },
      before: (place) => {
        editEtc(place);
        commit(place, place.trees.v2);
      },
      measure: (place) => place.measure(place.verbs.deploy(sysroot(place), REF)),
      after: expectMergedEtc,
    },
  ],
};

export const diskScenario: Scenario = {
  name: "disk",
  prepared: "each round",
  maxRounds: 1,
  prepare: (place) => {
    prepareSysroot(place);
    place.run(place.verbs.deploy(sysroot(place), REF));
  },
  steps: [
    {
      case: { name: "disk for a second version", metric: "disk", target: { of: "ratio", atMost: 1 } },
      measure: (place) => {
        const before = diskUsage(sysroot(place));
        commit(place, place.trees.v2);
        place.run(place.verbs.deploy(sysroot(place), REF));
        return { disk: diskUsage(sysroot(place)) - before };
      },
    },
  ],
};

function prepareSysroot(place: Place): void {
  mkdirSync(sysroot(place));
  for (const args of place.verbs.initSysroot(sysroot(place))) place.run(args);
  commit(place, place.trees.v1);
}

function commit(place: Place, tree: string): void {
  place.run(place.verbs.commit(place.verbs.storeOf(sysroot(place)), REF, tree));
}

/** A few edits, as an administrator makes them. */
function editEtc(place: Place): void {
  const etc = join(deployments(place)[0] ?? "", "etc");
  writeFileSync(join(etc, "hostname"), "edited\n");
  appendFileSync(join(etc, "fstab"), "# edited\n");
  appendFileSync(join(etc, "hosts"), "192.0.2.1 edited\n");
  writeFileSync(join(etc, "edited.conf"), "made = here\n");
  rmSync(join(etc, "motd"), { force: true });
}

/** What was measured must be the whole work: a deploy that wrote a boot entry. */
function expectBootEntry(place: Place): void {
  const entries = run(["find", join(sysroot(place), "boot"), "-path", "*/entries/*.conf"]);
  if (entries.stdout.length === 0) throw new Error(`${place.tool}: deploy wrote no boot entry`);
}

function expectMergedEtc(place: Place): void {
  expectBootEntry(place);
  const merged = deployments(place).filter((path) => {
    return readFileSync(join(path, "etc/hostname"), "utf8") === "edited\n";
  });
  if (merged.length !== 2)
    throw new Error(`${place.tool}: expected an edited /etc in 2 deployments, found ${merged.length}`);
}

function deployments(place: Place): string[] {
  const parent = place.verbs.deploymentsOf(sysroot(place));
  return readdirSync(parent)
    .filter((name) => /^[0-9a-f]{64}[.][0-9]+$/.test(name))
    .map((name) => join(parent, name));
}

function readAndRelease(place: Place): void {
  try {
    readFileSync(join(readable(place), "usr/lib/os-release"));
  } finally {
    for (const args of place.verbs.releaseReadable(sysroot(place), readable(place))) place.run(args);
  }
}
