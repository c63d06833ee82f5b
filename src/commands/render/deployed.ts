/** What making a deployment changed, and what to do next. */
import type { DeployResult, HostDiff, ReorderResult, Update, UpgradeResult } from "../../deploy/index.ts";
import { formatBytes } from "../../units.ts";
import { short } from "./commits.ts";
import { counted } from "./counted.ts";
import { describe } from "./etc.ts";
import { renderChangeSummary, renderPackages } from "./host-diff.ts";
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
    ...(update.cost === undefined ? [] : [...costs(update.cost), ...contents(update.cost, style)]),
    ...(update.failure === undefined ? [] : [`it did not boot on this host: ${printable(update.failure)}`]),
    `to deploy it: atomic host upgrade${update.downgrade ? " --allow-downgrade" : ""}${update.failure === undefined ? "" : " --retry"}`,
  ].join("\n");
}

/** An upgrade that was made, or would be; `changes` if both commits are in the store. */
export function renderUpgraded({ update, deployment }: UpgradeResult, view: View, changes?: HostDiff): string {
  return [
    `${printable(update.spec)}: ${versions(update, view.style)}`,
    ...(changes === undefined ? [] : [renderChangeSummary(changes, view.style)]),
    deployment === undefined ? "downloaded; to deploy it: atomic host upgrade" : renderDeployed(deployment, view),
  ].join("\n");
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

function etcLines({ etc, dryRun }: DeployResult, style: Style): string[] {
  if (etc === undefined) return [];
  const { takeNew, keepLocal, merged, conflicts } = etc.counts;
  const sums = [
    `${takeNew} from the new image`,
    `${keepLocal} of yours kept`,
    ...(merged > 0 ? [`${merged} merged`] : []),
    ...(conflicts > 0 ? [style.red(counted(conflicts, "conflict"))] : []),
  ];
  return [
    `/etc: ${sums.join(", ")}`,
    ...etc.paths
      .filter(({ verdict }) => verdict === "conflict")
      .flatMap((path) => [
        `  ${style.red("conflict")} ${describe(path)}`,
        ...(dryRun ? [] : [`    to see it: atomic host etc diff --deployment 0 ${path.path}`]),
      ]),
  ];
}

type Cost = NonNullable<Update["cost"]>;

function contents({ subject, notes, packages = [] }: Cost, style: Style): string[] {
  const said = [...(subject === "" ? [] : [subject]), ...(notes?.trimEnd().split("\n") ?? [])].map(printable);
  return [
    ...(said.length === 1 ? [`the publisher says: ${said[0]}`] : []),
    ...(said.length > 1 ? ["the publisher says:", ...said.map((line) => `  ${line}`.trimEnd())] : []),
    ...(packages.length === 0 ? [] : renderPackages(packages, style)),
  ];
}

/** What it takes, and what cannot be said yet. */
function costs({ download, disk, objects = 0, boot, packages }: Cost): string[] {
  const taken = [
    ...bytes(download, "of download"),
    ...bytes(disk, `of disk in ${counted(objects, "file")}`),
    ...bytes(boot, "in /boot"),
  ];
  const unknown = [
    ...(disk === undefined ? ["the disk it takes"] : []),
    ...(packages === undefined ? ["its packages"] : []),
  ];
  return [
    ...(taken.length === 0 ? [] : [`takes ${taken.join(", ")}`]),
    ...(unknown.length === 0
      ? []
      : [`known once it is here: ${unknown.join(", ")} (atomic host upgrade --download-only)`]),
  ];
}

function bytes(size: number | undefined, what: string): string[] {
  return size === undefined || size === 0 ? [] : [`${formatBytes(size)} ${what}`];
}

function versions({ from, to }: Update, style: Style): string {
  return `${named(from)} → ${style.bold(named(to))}`;
}

function named({ version, commit }: { version?: string; commit: string }): string {
  return version === undefined ? short(commit) : `${printable(version)} (${short(commit)})`;
}
