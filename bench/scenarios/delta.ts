/** Deltas: what a host downloads to follow an update, what making that costs a publisher, and using it the host. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Place, Scenario } from "../scenario.ts";

const OLD = "debian/old";
const NEW = "debian/new";

const store = (place: Place): string => join(place.directory, "store");
const host = (place: Place): string => join(place.directory, "host");
const delta = (place: Place): string => join(place.directory, "delta");

export const deltaScenario: Scenario = {
  name: "delta",
  prepared: "each round",
  maxRounds: 1,
  long: true,
  prepare: (place) => {
    const { verbs } = place;
    for (const path of [store(place), host(place)]) place.run(verbs.initStore(path));
    place.run(verbs.commit(store(place), OLD, place.trees.v1));
    place.run(verbs.copyCommit(store(place), host(place), OLD));
    place.run(verbs.commit(store(place), NEW, place.trees.v2));
  },
  steps: [
    {
      case: { name: "make a delta from v1 to v2", metric: "wall", target: { of: "ratio", atMost: 0.3 } },
      measure: (place) => place.measure(place.verbs.makeDelta(store(place), [OLD, NEW], delta(place))),
    },
    {
      case: { name: "bytes of the delta", metric: "disk", target: { of: "ratio", atMost: 1 } },
      measure: (place) => ({ disk: statSync(delta(place)).size }),
    },
    {
      case: { name: "apply the delta", metric: "wall" },
      measure: (place) => place.measure(place.verbs.applyDelta(host(place), delta(place))),
    },
  ],
};
