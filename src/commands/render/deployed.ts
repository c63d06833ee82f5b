/** What making a deployment changed, and what to do next. */
import type { DeployResult, ReorderResult, Update, UpgradeResult } from "../../deploy/index.ts";
import { short } from "./commits.ts";
import { counted } from "./counted.ts";
import { printable } from "./printable.ts";
import type { Style } from "./style.ts";
import type { View } from "./status.ts";
import { age } from "./time.ts";

/** The plan of a dry run. */
export function renderSteps(steps: readonly string[]): string {
  return ["would:", ...steps.map((step) => `  ${printable(step)}`)].join("\n");
}

/** An update that is there to be had. */
export function renderUpdate(update: Update, { style, now }: View): string {
  return [
    `${update.downgrade ? style.yellow("downgrade") : "update"} of ${printable(update.spec)}: ${versions(update, style)}`,
    `built ${age(update.to.timestamp, now)}${update.downloaded ? "" : ", not downloaded yet"}`,
    `to deploy it: atomic host upgrade${update.downgrade ? " --allow-downgrade" : ""}`,
  ].join("\n");
}

/** An upgrade that was made, or would be. */
export function renderUpgraded({ update, deployment }: UpgradeResult, view: View): string {
  const head = `${printable(update.spec)}: ${versions(update, view.style)}`;
  if (deployment === undefined) return `${head}\ndownloaded; to deploy it: atomic host upgrade`;
  return `${head}\n${renderDeployed(deployment, view)}`;
}

/** A new deployment: its `/etc`, and when it boots. */
export function renderDeployed(result: DeployResult, view: View): string {
  return [
    ...etcLines(result, view.style),
    ...(result.dryRun ? [renderSteps(result.steps)] : [outcome(result, view)]),
  ].join("\n");
}

/** A changed boot order. */
export function renderReordered({ id, dryRun, steps }: ReorderResult, { style, running }: View): string {
  if (dryRun) return renderSteps(steps);
  return [`next boot: ${style.bold(short(id))}`, ...(running ? [REBOOT] : [])].join("\n");
}

const REBOOT = "to use it now: systemctl reboot";

function outcome(result: DeployResult, { style, running }: View): string {
  const what = style.bold(named(result));
  if (result.staged) return `staged: ${what}, which boots after the next shutdown`;
  const next = [...(running ? [REBOOT] : []), ...(result.etc === undefined ? [] : ["to return: atomic host rollback"])];
  return [`next boot: ${what}`, ...(next.length > 0 ? [next.join("; ")] : [])].join("\n");
}

function etcLines({ etc }: DeployResult, style: Style): string[] {
  if (etc === undefined) return [];
  const { takeNew, keepLocal, merged, conflicts } = etc.counts;
  const sums = [
    `${takeNew} from the new image`,
    `${keepLocal} of yours kept`,
    ...(merged > 0 ? [`${merged} merged`] : []),
    ...(conflicts > 0 ? [style.red(counted(conflicts, "conflict"))] : []),
  ];
  const shown = etc.paths.filter(({ verdict }) => verdict === "conflict");
  return [
    `/etc: ${sums.join(", ")}`,
    ...shown.map(({ path, detail, saved }) => {
      const why = detail === undefined ? "" : `: ${printable(detail)}`;
      return `  ${style.red("conflict")} ${path}${why}${saved === undefined ? "" : `; the new one is ${saved}`}`;
    }),
  ];
}

function versions({ from, to }: Update, style: Style): string {
  return `${named(from)} → ${style.bold(named(to))}`;
}

function named({ version, commit }: { version?: string; commit: string }): string {
  return version === undefined ? short(commit) : `${printable(version)} (${short(commit)})`;
}
