/** Short answers: how soon the program speaks. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Place, Scenario } from "../scenario.ts";
import { writeFiles } from "../scratch.ts";

const DEPLOYMENTS = 20;

const sysroot = (place: Place): string => join(place.directory, "sysroot");

export const startScenario: Scenario = {
  name: "start",
  prepared: "once",
  prepare: manyDeployments,
  steps: [
    {
      case: { name: "--version", metric: "wall", target: { of: "value", atMost: 40 } },
      measure: (place) => place.measure(place.verbs.version()),
    },
    {
      case: { name: `status of ${DEPLOYMENTS} deployments`, metric: "wall", target: { of: "value", atMost: 60 } },
      measure: (place) => place.measure(place.verbs.status(sysroot(place))),
    },
  ],
};

/** Deploys small trees, each a commit of its own: status is about their number, not their size. */
function manyDeployments(place: Place): void {
  const { verbs } = place;
  mkdirSync(sysroot(place));
  for (const args of verbs.initSysroot(sysroot(place))) place.run(args);
  for (let version = 1; version <= DEPLOYMENTS; version++) {
    const tree = join(place.directory, `tree-${version}`);
    writeFiles(tree, {
      "usr/lib/os-release": `ID=small\nPRETTY_NAME="Small ${version}"\nVERSION_ID=${version}\n`,
      "usr/lib/modules/1/vmlinuz": "a kernel\n",
      "usr/lib/modules/1/initramfs.img": "an initramfs\n",
      "usr/etc/hostname": "small\n",
    });
    const ref = `small/${version}`;
    place.run(verbs.commit(verbs.storeOf(sysroot(place)), ref, tree));
    place.run(verbs.deployBeside(sysroot(place), ref));
  }
}
