/** The deployments of a host. */
import type { DeploymentStatus, HostStatus, MachineFacts } from "../../deploy/index.ts";
import { formatBytes } from "../../units.ts";
import { short } from "./commits.ts";
import { counted } from "./counted.ts";
import { printable } from "./printable.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { age, utcTime } from "./time.ts";

/** What a rendering depends on beside its data. */
export interface View {
  style: Style;
  /** Seconds since 1970. */
  now: number;
  /** The host is the running machine. */
  running: boolean;
}

/** One line per deployment in boot order, `●` marking the booted one, then what needs attention. */
export function renderStatus({ deployments, problems }: HostStatus, view: View): string {
  const warnings = problems.map((problem) => `${view.style.yellow("warning:")} ${printable(problem)}`);
  if (deployments.length === 0) return ["no deployments yet: atomic host deploy SPEC", ...warnings].join("\n");
  const many = new Set(deployments.map(({ stateroot }) => stateroot)).size > 1;
  const columns = ["", "index", "version", "commit", "age", ...(many ? ["stateroot"] : []), "origin", "state"];
  const rows = deployments.map((deployment) => [
    mark(deployment, view.style),
    String(deployment.index),
    printable(deployment.version ?? "-"),
    short(deployment.commit),
    age(deployment.timestamp, view.now),
    ...(many ? [deployment.stateroot] : []),
    printable(deployment.origin),
    states(deployment).join(", "),
  ]);
  const heading = columns.map((name) => ({ name }));
  return [table(heading, rows, view.style), ...deployments.flatMap(notes), ...warnings].join("\n");
}

/** The machine, and all that is known of each deployment, in boot order. */
export function renderStatusVerbose({ deployments, problems }: HostStatus, machine: MachineFacts, view: View): string {
  const blocks = deployments.map((deployment) => {
    const { index, title, bootCounter } = deployment;
    const known: [name: string, value: string | undefined][] = [
      ["state", states(deployment).join(", ")],
      ["version", deployment.version === null ? undefined : printable(deployment.version)],
      ["id", deployment.id],
      ["stateroot", deployment.stateroot],
      ["origin", printable(deployment.origin)],
      ["signature", printable(deployment.signature)],
      ["built", `${utcTime(deployment.timestamp)} (${age(deployment.timestamp, view.now)})`],
      ["deployed", `${utcTime(deployment.deployed)} (${age(deployment.deployed, view.now)})`],
      ["kernel", printable(deployment.kernel)],
      ["arguments", printable(deployment.kargs.join(" "))],
      ["boot attempts", bootCounter === null ? undefined : `${bootCounter.done} made, ${bootCounter.left} left`],
      ["failure", deployment.failure === null ? undefined : printable(deployment.failure)],
      ["/etc conflicts", String(deployment.etcConflicts)],
    ];
    const head = `${mark(deployment, view.style)} ${index}  ${view.style.bold(printable(title))}`;
    return `${head}\n${facts(known, view.style).replace(/^/gm, "    ")}`;
  });
  return [renderMachine(machine, view), ...blocks, ...problems.map((problem) => `warning: ${printable(problem)}`)].join(
    "\n\n",
  );
}

function renderMachine({ os, kernel, architecture, memory, filesystems }: MachineFacts, { style }: View): string {
  const room = (available: number, size: number) => `${formatBytes(available)} of ${formatBytes(size)} available`;
  return facts(
    [
      ["machine", `${printable(os)}, kernel ${printable(kernel)}, ${printable(architecture)}`],
      ["memory", room(memory.available, memory.total)],
      ...filesystems.map(({ path, type, size, available }): [string, string] => [
        printable(path),
        `${printable(type)}, ${room(available, size)}`,
      ]),
    ],
    style,
  );
}

function mark({ booted }: DeploymentStatus, style: Style): string {
  return booted ? style.green("●") : "○";
}

function states({ booted, staged, pending, failed, rollback, pinned, unlocked }: DeploymentStatus): string[] {
  return Object.entries({ booted, staged, pending, failed, rollback, pinned, unlocked }).flatMap(([name, holds]) =>
    holds ? [name] : [],
  );
}

function notes(deployment: DeploymentStatus): string[] {
  const { index, etcConflicts } = deployment;
  return [
    ...(etcConflicts > 0
      ? [`deployment ${index}: ${counted(etcConflicts, "conflict")} in /etc, see: atomic host etc ${index}`]
      : []),
    ...failureNote(deployment),
  ];
}

function failureNote({ index, booted, failed, failure }: DeploymentStatus): string[] {
  if (failure === null) return [];
  const why = printable(failure);
  if (booted) return [`deployment ${index}: this boot is not good: ${why}; to check again: atomic host health`];
  if (!failed) return [`deployment ${index}: its last boot was not good: ${why}`];
  return [`deployment ${index}: did not boot: ${why}; to try it again: atomic host rollback --to ${index}`];
}
