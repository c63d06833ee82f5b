/** The store: commit, check, copy out. */
import { join } from "node:path";
import type { Place, Scenario } from "../scenario.ts";

const REF = "debian/host";

const store = (place: Place): string => join(place.directory, "store");
const commit = (place: Place, tree: string): string[] => place.verbs.commit(store(place), REF, tree);

export const storeScenario: Scenario = {
  name: "store",
  prepared: "each round",
  prepare: (place) => place.run(place.verbs.initStore(store(place))),
  steps: [
    {
      case: { name: "commit v1 to an empty store", metric: "wall", target: { of: "ratio", atMost: 0.4 } },
      measure: (place) => place.measure(commit(place, place.trees.v1)),
    },
    {
      case: { name: "commit v1 again, unchanged", metric: "wall", target: { of: "ratio", atMost: 0.12 } },
      measure: (place) => place.measure(commit(place, place.trees.v1)),
    },
    {
      case: { name: "commit v2 over v1", metric: "wall" },
      measure: (place) => place.measure(commit(place, place.trees.v2)),
    },
    {
      case: { name: "check the store (fsck)", metric: "wall", target: { of: "ratio", atMost: 0.3 } },
      measure: (place) => place.measure(place.verbs.fsck(store(place))),
    },
    {
      case: { name: "copy v2 out", metric: "wall" },
      measure: (place) => place.measure(place.verbs.copyOut(store(place), REF, join(place.directory, "copy"))),
    },
  ],
};
