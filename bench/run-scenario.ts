/** Going through a scenario with both programs. */
import { existsSync, mkdirSync, mkdtempSync, renameSync } from "node:fs";
import { join } from "node:path";
import { run } from "../src/spawn.ts";
import { type Result, TOOLS, type Tool } from "./case.ts";
import type { Place, Scenario, Setting } from "./scenario.ts";
import { VERBS } from "./verbs.ts";

/** Runs `rounds` rounds; the programs take turns in each step, and in who is first. */
export function runScenario(scenario: Scenario, setting: Setting, rounds: number): Result[] {
  const results = scenario.steps.map((step): Result => ({ ...step.case, samples: { ostree: [], atomic: [] } }));
  const places = TOOLS.map((tool) => placeOf(tool, setting, join(setting.directory, scenario.name)));
  const count = Math.min(rounds, scenario.maxRounds ?? rounds);
  for (let round = 0; round < count; round++) {
    const inTurn = round % 2 === 0 ? places : places.toReversed();
    if (round === 0 || scenario.prepared === "each round") inTurn.forEach((place) => renew(place, scenario));
    scenario.steps.forEach((step, index) => {
      for (const place of inTurn) {
        step.before?.(place);
        results[index]?.samples[place.tool].push(step.measure(place));
        step.after?.(place);
      }
    });
  }
  return results;
}

function placeOf(tool: Tool, { programs, trees, meter }: Setting, parent: string): Place {
  const program = programs[tool];
  return {
    tool,
    verbs: VERBS[tool],
    directory: join(parent, tool),
    trees,
    run: (args) => void run([...program, ...args]),
    measure: (args) => meter([...program, ...args]),
  };
}

/** What earlier rounds made stays until the end: for minutes ext4 is slow to make files where many were just deleted. */
function renew(place: Place, scenario: Scenario): void {
  if (existsSync(place.directory)) renameSync(place.directory, mkdtempSync(`${place.directory}-`));
  mkdirSync(place.directory, { recursive: true });
  scenario.prepare?.(place);
}
