/** What is compared: a case, its limit, and what was measured of it. */
import { median } from "./statistics.ts";

/** The two programs, ours last. */
export const TOOLS = ["ostree", "atomic"] as const;
export type Tool = (typeof TOOLS)[number];

/** `wall` and `cpu` (user and system) in milliseconds, `rss` (the largest resident set) and `disk` in bytes. */
export type Metric = "wall" | "cpu" | "rss" | "disk";
/** What one run showed. */
export type Sample = Partial<Record<Metric, number>>;

/** An upper limit: of the ratio atomic/ostree, or of atomic's own value. */
export interface Target {
  of: "ratio" | "value";
  atMost: number;
}

export interface Case {
  name: string;
  /** What the case is about; the others are reported beside it. */
  metric: Metric;
  /** None: the case is reported only. */
  target?: Target;
}

/** A case with one sample per round and tool. */
export interface Result extends Case {
  samples: Record<Tool, Sample[]>;
}

/** The values of one metric, in the order of the rounds; none when it was not measured. */
export function valuesOf(result: Result, tool: Tool, metric: Metric = result.metric): number[] {
  return result.samples[tool].flatMap((sample) => sample[metric] ?? []);
}

/** atomic's median in ostree's medians; undefined when either is missing. */
export function ratioOf(result: Result, metric: Metric = result.metric): number | undefined {
  const [ostree, atomic] = TOOLS.map((tool) => valuesOf(result, tool, metric));
  if (ostree === undefined || atomic === undefined || ostree.length === 0 || atomic.length === 0) return undefined;
  return median(atomic) / median(ostree);
}

/** Whether the target holds; undefined when there is none or nothing was measured. */
export function isMet(result: Result): boolean | undefined {
  const { target } = result;
  const values = valuesOf(result, "atomic");
  if (target === undefined || values.length === 0) return undefined;
  if (target.of === "value") return median(values) <= target.atMost;
  const ratio = ratioOf(result);
  return ratio === undefined ? undefined : ratio <= target.atMost;
}
