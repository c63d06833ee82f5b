/** What the health checks found. */
import type { HealthReport } from "../../deploy/index.ts";
import { printable } from "./printable.ts";

/** One line for each check, and below one that failed what it said. */
export function renderHealth({ healthy, checks }: HealthReport): string {
  const lines = checks.flatMap(({ name, required, passed, ending, output }) => {
    const verdict = passed ? "ok     " : required ? "FAILED " : "warning";
    const said = passed || output === "" ? [] : output.split("\n").map((line) => `         ${printable(line)}`);
    return [`${verdict}  ${printable(name)}${passed ? "" : `: ${ending}`}`, ...said];
  });
  const required = checks.filter((check) => check.required).length;
  const sum = `${healthy ? "healthy" : "not healthy"}: ${required} required and ${checks.length - required} wanted checks`;
  return [...lines, sum].join("\n");
}
