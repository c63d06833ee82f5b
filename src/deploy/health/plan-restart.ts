import type { Deployment } from "../deployment.ts";
import type { BootFailure } from "./boot-failure.ts";

/** Whether to restart from a boot that is not good, and why. */
export interface Verdict {
  restart: boolean;
  /** One line. */
  why: string;
}

/**
 * Restarts only when the loader counts this boot, and goes on to another deployment in the end: never in a circle.
 * @param failure what is recorded of the booted deployment, this boot included
 */
export function planRestart(deployments: readonly Deployment[], failure: BootFailure | undefined): Verdict {
  const booted = deployments.find((deployment) => deployment.booted);
  const stay = (why: string): Verdict => ({ restart: false, why });
  if (booted === undefined) return stay("no deployment is booted");
  const counter = booted.entry?.counter;
  if (counter === undefined) return stay("the loader does not count its attempts, and would start it again");
  const all = counter.left + counter.done;
  const made = failure?.order === booted.entry?.order ? (failure?.attempts ?? 0) : 0;
  if (made > all) return stay(`${made} boots failed of ${all} that the loader should have counted`);
  const other = deployments.find(({ entry, failed, booted: same }) => entry !== undefined && !failed && !same);
  if (other === undefined) return stay("there is no other deployment that could be started instead");
  if (counter.left > 0) return { restart: true, why: `${counter.left} of ${all} boot attempts are left` };
  return { restart: true, why: `no boot attempt is left, and ${other.id} is started instead` };
}
