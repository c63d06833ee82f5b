/** `atomic-runtime update`: other limits for a container, from a file or from options. */
import { parseResources, type Resources, updateContainer } from "../../containers/index.ts";
import { oneId, parseVerb, readInput, type RuntimeOptions, text, usage } from "./options.ts";

/** Options that are one number each, and where it goes; as runc names them. */
const NUMBERS = {
  memory: ["memory", "limit"],
  "memory-swap": ["memory", "swap"],
  "memory-reservation": ["memory", "reservation"],
  "cpu-quota": ["cpu", "quota"],
  "cpu-period": ["cpu", "period"],
  "cpu-burst": ["cpu", "burst"],
  "cpu-share": ["cpu", "shares"],
  "cpu-idle": ["cpu", "idle"],
  "pids-limit": ["pids", "limit"],
  "blkio-weight": ["blockIO", "weight"],
} as const;
const LISTS = { "cpuset-cpus": "cpus", "cpuset-mems": "mems" } as const;

const OPTIONS = {
  resources: { type: "string", short: "r" },
  ...Object.fromEntries([...Object.keys(NUMBERS), ...Object.keys(LISTS)].map((name) => [name, { type: "string" }])),
} as const;

/** @throws AtomicError usage, invalid, unsupported, conflict */
export function runUpdate(options: RuntimeOptions, args: readonly string[]): void {
  const { values, positionals } = parseVerb(joinNegative(args), OPTIONS);
  const id = oneId(positionals);
  const file = text(values["resources"]);
  updateContainer(options.state, id, file === undefined ? limitsOf(values) : readLimits(file));
}

function readLimits(file: string): Resources {
  return parseResources(readInput(file === "-" ? "/dev/stdin" : file));
}

/** Options become the JSON they stand for, so that one reader judges both. */
function limitsOf(values: Readonly<Record<string, unknown>>): Resources {
  const limits: Record<string, Record<string, unknown>> = {};
  for (const [name, [part, key]] of Object.entries(NUMBERS)) {
    const value = text(values[name]);
    if (value === undefined) continue;
    if (!/^-?\d{1,18}$/.test(value)) throw usage(`--${name} ${value}: expected a number`);
    limits[part] = { ...limits[part], [key]: Number(value) };
  }
  for (const [name, key] of Object.entries(LISTS)) {
    const value = text(values[name]);
    if (value !== undefined) limits["cpu"] = { ...limits["cpu"], [key]: value };
  }
  if (Object.keys(limits).length === 0) throw usage("expected a limit to change");
  return parseResources(JSON.stringify(limits));
}

/** `--pids-limit -1`: the parser takes a value that begins with a dash only behind an equals sign. */
function joinNegative(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const option = joined.at(-1);
    if (/^-\d/.test(arg) && option?.startsWith("--") === true) joined.splice(-1, 1, `${option}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}
