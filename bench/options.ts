/** The options of `npm run bench`. */
import { parseArgs } from "node:util";
import type { Scenario } from "./scenario.ts";

export interface Options {
  rounds: number;
  /** What to run, in the order of the list they were chosen from. */
  scenarios: Scenario[];
  /** Where the report goes: `NAME.md` and its companions; undefined for a part of the scenarios: it is only printed. */
  name: string | undefined;
  /** An existing directory to make a scratch directory in. */
  scratch: string;
}

const DEFAULT_NAME = "ostree";

/**
 * Reads `--rounds N`, `--quick` (one round, without the long scenarios), `--only SCENARIO,…`, `--name NAME` and
 * `--scratch DIRECTORY`.
 * @throws Error when one is unknown or has no meaning
 */
export function parseOptions(args: readonly string[], all: readonly Scenario[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "5" },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      name: { type: "string" },
      scratch: { type: "string", default: "/var/tmp" },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: expected a number above 0`);
  if (values.name?.includes("/") === true) throw new Error(`--name ${values.name}: expected a file name`);

  const scenarios = choose(all, values.only?.split(","), values.quick);
  const name = values.name ?? (scenarios.length === all.length ? DEFAULT_NAME : undefined);
  return { rounds, scenarios, name, scratch: values.scratch };
}

function choose(all: readonly Scenario[], names: readonly string[] | undefined, quick: boolean): Scenario[] {
  const known = all.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: expected some of ${known.join(",")}`);
  return all.filter(({ name, long }) => names?.includes(name) ?? !(quick && long === true));
}
