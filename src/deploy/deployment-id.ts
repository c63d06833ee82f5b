/** Names of stateroots and deployments: `<commit>.<serial>`, and `<stateroot>/<commit>.<serial>` on the kernel's command line. */
import { type Checksum, parseChecksum } from "../digest.ts";
import { AtomicError } from "../errors.ts";

declare const brand: unique symbol;
/** A checked stateroot name. */
export type Stateroot = string & { readonly [brand]: "stateroot" };

export interface DeploymentName {
  stateroot: Stateroot;
  commit: Checksum;
  /** Counts the deployments of one commit, from 0. */
  serial: number;
}

/** The kernel argument that tells the initramfs what to boot. */
export const DEPLOYMENT_KARG = "atomic";
const STATEROOT = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const DIRECTORY = /^([0-9a-f]{64})\.(0|[1-9][0-9]{0,8})$/;

/** Checks a stateroot's name, which becomes part of paths. @throws AtomicError usage */
export function parseStateroot(text: string): Stateroot {
  if (!STATEROOT.test(text)) {
    throw new AtomicError(
      "usage",
      `reading stateroot ${JSON.stringify(text)}: expected letters, digits and . _ -, not starting with . or -`,
    );
  }
  return text as Stateroot;
}

/** The deployment's id and directory name: `<commit>.<serial>`. */
export function deploymentId({ commit, serial }: Pick<DeploymentName, "commit" | "serial">): string {
  return `${commit}.${serial}`;
}

/** The deployment's id as people read it: 12 digits of the commit. */
export function shortId({ commit, serial }: Pick<DeploymentName, "commit" | "serial">): string {
  return `${commit.slice(0, 12)}.${serial}`;
}

/** Commit and serial of a deployment's directory name; undefined for any other name. */
export function parseDeploymentId(text: string): { commit: Checksum; serial: number } | undefined {
  const [, commit, serial] = DIRECTORY.exec(text) ?? [];
  return commit === undefined ? undefined : { commit: parseChecksum(commit), serial: Number(serial) };
}

/** The deployment a kernel argument's value names; undefined when it names none. */
export function parseDeploymentKarg(value: string): DeploymentName | undefined {
  const [stateroot = "", id = "", ...rest] = value.split("/");
  const parsed = parseDeploymentId(id);
  if (parsed === undefined || rest.length > 0 || !STATEROOT.test(stateroot)) return undefined;
  return { stateroot: stateroot as Stateroot, ...parsed };
}

/** True when both name the same deployment. */
export function isSameDeployment(a: DeploymentName, b: DeploymentName): boolean {
  return a.stateroot === b.stateroot && a.commit === b.commit && a.serial === b.serial;
}

/** What a deployment's boot entry is called: unique among all stateroots. */
export function bootEntryId(name: DeploymentName): string {
  return `${name.stateroot}-${deploymentId(name)}`;
}
