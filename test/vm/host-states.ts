/** What a guest says its deployments are. */
import type { HostStatus } from "../../src/deploy/index.ts";
import type { Machine } from "./machine.ts";

/** Prints the version of the tree that runs. */
export const versionInside = "cat /usr/share/vm-test/version";
const STATES = ["booted", "staged", "pending", "rollback", "failed"] as const;

/** `VERSION STATE…` of each deployment, in boot order. */
export async function hostStates(guest: Machine): Promise<string[]> {
  const status = JSON.parse(await guest.expect("atomic host status --json")) as HostStatus;
  return status.deployments.map((deployment) => {
    const states = STATES.filter((state) => (deployment as unknown as Record<string, unknown>)[state] === true);
    return [deployment.version ?? "?", ...states].join(" ");
  });
}

/** The kernel that the running deployment's tree has. */
export async function bootedKernel(guest: Machine): Promise<string | undefined> {
  const status = JSON.parse(await guest.expect("atomic host status --json")) as HostStatus;
  return status.deployments.find(({ booted }) => booted)?.kernel;
}
