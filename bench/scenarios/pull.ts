/** Pulling: what a host that has v1 waits for v2 over HTTP, from the same server for both programs. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Place, Scenario, Step } from "../scenario.ts";

const OLD = "debian/old";
const NEW = "debian/new";
const SERVER = resolve(import.meta.dirname, "../static-server.ts");
/** Milliseconds before each answer. */
const DELAYS = [0, 5];

const publisher = (place: Place): string => join(place.directory, "publisher");
const host = (place: Place, delay: number): string => join(place.directory, `host-${delay}`);

function pullStep(delay: number): Step {
  let server: ChildProcess;
  return {
    case: {
      name: delay === 0 ? "pull v2 over v1" : `pull v2 over v1, ${delay} ms for each answer`,
      metric: "wall",
      target: { of: "ratio", atMost: 0.5 },
    },
    before(place) {
      const file = join(place.directory, "url");
      rmSync(file, { force: true });
      server = spawn(process.execPath, [SERVER, publisher(place), String(delay), file], { stdio: "inherit" });
      while (!existsSync(file)) Bun.sleepSync(10);
      place.run(place.verbs.addRemote(host(place, delay), readFileSync(file, "utf8")));
    },
    measure: (place) => place.measure(place.verbs.pullRef(host(place, delay), NEW)),
    after: () => void server.kill(),
  };
}

export const pullScenario: Scenario = {
  name: "pull",
  prepared: "each round",
  maxRounds: 3,
  long: true,
  prepare(place) {
    const { verbs, trees } = place;
    place.run(verbs.initPublisher(publisher(place)));
    place.run(verbs.commit(publisher(place), OLD, trees.v1));
    place.run(verbs.publish(publisher(place)));
    for (const delay of DELAYS) {
      place.run(verbs.initStore(host(place, delay)));
      place.run(verbs.copyCommit(publisher(place), host(place, delay), OLD));
    }
    place.run(verbs.commit(publisher(place), NEW, trees.v2));
    place.run(verbs.publish(publisher(place)));
  },
  steps: DELAYS.map(pullStep),
};
