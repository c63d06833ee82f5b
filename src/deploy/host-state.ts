/** The deployments of a sysroot in boot order, and what each of them is to the host. */
import { join } from "node:path";
import {
  type BootFile,
  type InstalledEntry,
  installedEntries,
  kargValues,
  readBootDirectory,
} from "../bootloader/index.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import { namedDeployment, runningDeployment } from "./booted.ts";
import {
  bootEntryId,
  DEPLOYMENT_KARG,
  deploymentId,
  type DeploymentName,
  isSameDeployment,
  parseDeploymentId,
  parseDeploymentKarg,
  type Stateroot,
} from "./deployment-id.ts";
import type { Deployment } from "./deployment.ts";
import { listNames } from "./list-names.ts";
import { markStates } from "./mark-states.ts";
import type { Origin } from "./origin.ts";
import { readOrigin } from "./origin-file.ts";
import { readStaged, type Staged } from "./staged.ts";
import type { Sysroot } from "./sysroot.ts";

export interface HostState {
  /** In boot order: the first is what the next boot starts. */
  deployments: Deployment[];
  /** What `staged.json` names; its deployment is `staged` unless it has a boot entry by now. */
  staged?: Staged;
  /** What the kernel says it runs, whether or not that deployment is intact. */
  booted?: DeploymentName;
  /** Have a boot entry but cannot be used, or are booted without one. */
  damaged: DeploymentName[];
  /** Directories of deployments that nothing boots: what a crash left. */
  leftovers: DeploymentName[];
  /** All there is for loaders, as the next boot switch needs it. */
  bootFiles: BootFile[];
  /** What is wrong, one line each. */
  problems: string[];
}

/**
 * Reads the deployments of a sysroot: boot entries and `origin.json` files only.
 * @param commandLine the kernel's, in place of what this machine runs
 */
export function loadHostState(sysroot: Sysroot, commandLine?: string): HostState {
  const problems: string[] = [];
  const booted = commandLine === undefined ? runningDeployment(sysroot) : namedDeployment(commandLine);
  const bootFiles = readBootDirectory(sysroot.boot);
  const listed = listEntries(installedEntries(bootFiles, sysroot.bootPrefix), problems);
  const staged = readStaged(sysroot);
  if (staged !== undefined && !listed.some(({ name }) => isSameDeployment(name, staged.name))) {
    listed.unshift({ name: staged.name });
  }

  const deployments = listed.flatMap(({ name, entry }) => {
    const origin = originOf(sysroot, name, problems);
    if (origin === undefined) return [];
    const about = { ...name, id: deploymentId(name), origin, staged: entry === undefined };
    return [
      {
        ...about,
        ...(entry === undefined ? {} : { entry }),
        booted: false,
        pending: false,
        failed: false,
        rollback: false,
      },
    ];
  });
  if (booted !== undefined && bootFiles.length === 0)
    problems.push(`${sysroot.boot} has no boot entries: is it mounted?`);
  const used = [...listed.map(({ name }) => name), ...(booted === undefined ? [] : [booted])];
  return {
    deployments: markStates(deployments, booted),
    ...(staged === undefined ? {} : { staged }),
    ...(booted === undefined ? {} : { booted }),
    damaged: used.filter((name) => !deployments.some((other) => isSameDeployment(name, other))),
    leftovers: listDirectories(sysroot).filter((name) => !used.some((other) => isSameDeployment(name, other))),
    bootFiles,
    problems,
  };
}

/** The booted one, or undefined. */
export function bootedDeployment(state: HostState): Deployment | undefined {
  return state.deployments.find(({ booted }) => booted);
}

/**
 * The deployment an operator means: its index in boot order, its id, or a unique beginning of it.
 * @throws AtomicError not-found, usage when several match
 */
export function findDeployment(state: HostState, text: string): Deployment {
  const hint = "atomic host status";
  const byIndex = /^[0-9]{1,4}$/.test(text) ? state.deployments[Number(text)] : undefined;
  if (byIndex !== undefined) return byIndex;
  const matches = state.deployments.filter(({ id }) => id === text || (text.length >= 4 && id.startsWith(text)));
  if (matches.length > 1) {
    throw new AtomicError("usage", `finding deployment ${text}: ${matches.length} of them start like that`, { hint });
  }
  const [match] = matches;
  if (match === undefined) throw new AtomicError("not-found", `finding deployment ${text}: there is none`, { hint });
  return match;
}

/** Every directory that is named as a deployment, boot entry or not. */
export function listDirectories(sysroot: Sysroot): DeploymentName[] {
  const base = join(sysroot.path, "atomic/deploy");
  return listNames(base).flatMap((stateroot) =>
    listNames(join(base, stateroot, "deploy")).flatMap((directory) => {
      const parsed = parseDeploymentId(directory);
      return parsed === undefined ? [] : [{ stateroot: stateroot as Stateroot, ...parsed }];
    }),
  );
}

interface Listed {
  name: DeploymentName;
  entry?: InstalledEntry;
}

/** One entry for each deployment, the highest: a boot switch that was cut short leaves two. */
function listEntries(entries: readonly InstalledEntry[], problems: string[]): Listed[] {
  const listed: Listed[] = [];
  for (const entry of entries) {
    const [value] = kargValues(entry.kargs, DEPLOYMENT_KARG);
    const name = parseDeploymentKarg(value ?? "");
    if (name === undefined || entry.id !== bootEntryId(name)) {
      problems.push(`boot entry ${entry.id} names no deployment: ${DEPLOYMENT_KARG}=${value ?? ""}`);
    } else if (!listed.some((other) => isSameDeployment(other.name, name))) {
      listed.push({ name, entry });
    }
  }
  return listed;
}

function originOf(sysroot: Sysroot, name: DeploymentName, problems: string[]): Origin | undefined {
  try {
    return readOrigin(sysroot, name);
  } catch (error) {
    const damaged = (["not-found", "corrupt", "invalid"] as const).some((code) => isAtomicError(error, code));
    if (!damaged) throw error;
    problems.push(`deployment ${deploymentId(name)} has a boot entry but cannot be used: ${(error as Error).message}`);
    return undefined;
  }
}
