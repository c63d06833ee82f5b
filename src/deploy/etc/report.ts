/** `etc-report.json` of a deployment: what the merge of `/etc` did, path by path. */
import { toText } from "../../bytes.ts";
import type { Finding, Verdict } from "./classify.ts";
import type { EtcCounts } from "../origin.ts";

/** A finding as JSON shows it; paths start with `/etc`. */
export interface ReportedPath {
  path: string;
  verdict: Verdict;
  detail?: string;
  saved?: string;
}
export interface EtcReport {
  /** The deployment whose `/etc` was merged. */
  from: string;
  /** Every path that is not as it was on all sides, sorted. */
  paths: ReportedPath[];
}

/** A report is bounded by what `/etc` can hold. */
export const MAX_REPORT = 64 * 1024 * 1024;

/** The report of a merge. */
export function etcReport(from: string, findings: readonly Finding[]): EtcReport {
  const told = findings.filter(({ verdict }) => verdict !== "unchanged");
  return {
    from,
    paths: told.map(({ path, verdict, detail, saved }) => ({
      path: shown(path),
      verdict,
      ...(detail === undefined ? {} : { detail }),
      ...(saved === undefined ? {} : { saved: shown(saved) }),
    })),
  };
}

/** How many paths of a report had each outcome. */
export function countReport({ from, paths }: EtcReport): EtcCounts {
  const count = (wanted: Verdict): number => paths.filter(({ verdict }) => verdict === wanted).length;
  return {
    from,
    takeNew: count("take-new"),
    keepLocal: count("keep-local"),
    sameChange: count("same-change"),
    merged: count("merged"),
    conflicts: count("conflict"),
  };
}

function shown(path: Finding["path"]): string {
  return path === "" ? "/etc" : `/etc/${toText(path)}`;
}
