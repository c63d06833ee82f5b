/** Memory: a file much larger than what a commit may hold of it. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Place, Scenario } from "../scenario.ts";
import { writeRandomFile } from "../scratch.ts";

const FILE_SIZE = 2 * 1024 ** 3;

/** Beside the place: both programs commit the same tree. */
const tree = (place: Place): string => join(dirname(place.directory), "tree");
const store = (place: Place): string => join(place.directory, "store");

export const memoryScenario: Scenario = {
  name: "memory",
  prepared: "each round",
  maxRounds: 3,
  long: true,
  prepare: (place) => {
    const file = join(tree(place), "file");
    if (!existsSync(file)) {
      mkdirSync(tree(place));
      writeRandomFile(file, FILE_SIZE);
    }
    place.run(place.verbs.initStore(store(place)));
  },
  steps: [
    {
      case: { name: "commit a file of 2 GiB", metric: "rss", target: { of: "value", atMost: 250e6 } },
      measure: (place) => place.measure(place.verbs.commit(store(place), "large", tree(place))),
    },
  ],
};
