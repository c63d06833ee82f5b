/** `atomic-runtime ps`: the processes of a container, by their numbers on the host. */
import { cgroupProcesses, readRecord } from "../../containers/index.ts";
import { run } from "../../spawn.ts";
import { firstWord, oneId, parseVerb, type RuntimeOptions, usage } from "./options.ts";

const OPTIONS = { format: { type: "string", short: "f" } } as const;

/** A table with the columns of ps(1), whose options follow the container's name, or a list of numbers in JSON. */
export function runPs(options: RuntimeOptions, args: readonly string[]): void {
  const at = firstWord(args, OPTIONS);
  const { values } = parseVerb(args.slice(0, at), OPTIONS);
  const [name, ...columns] = args.slice(at);
  const id = oneId(name === undefined ? [] : [name]);
  const { format = "table" } = values;
  if (format !== "table" && format !== "json") throw usage(`--format ${String(format)}: expected table or json`);
  const pids = cgroupProcesses(readRecord(options.state, id).cgroups);
  process.stdout.write(format === "json" ? `${JSON.stringify(pids)}\n` : table(pids, columns));
}

/** The lines of ps(1) about these processes, under its heading. */
function table(pids: readonly number[], columns: readonly string[]): string {
  const { stdout } = run(["ps", ...(columns.length === 0 ? ["-ef"] : columns)], { package: "procps" });
  const [heading = "", ...lines] = stdout.toString("utf8").trimEnd().split("\n");
  const column = heading.trim().split(/\s+/).indexOf("PID");
  if (column < 0) throw usage(`ps ${columns.join(" ")}: it shows no PID`);
  const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/)[column])));
  return [heading, ...own].map((line) => `${line}\n`).join("");
}
