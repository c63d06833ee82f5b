/** Entering control groups: opened on the host's side, written by the process that shall be in them. */
import { O_WRONLY, type Slot } from "../../linux/index.ts";
import { closeFd, openHost } from "./calls.ts";
import type { ProcessContext } from "./context.ts";

/**
 * On the host's side: the file of each group to enter it by. A process of one thread enters a group of version 1 through
 * `tasks` as well, and that spares the kernel a lock over all processes of the host, which takes milliseconds each time.
 */
export function openGroups({ asm, request }: ProcessContext): Slot[] {
  return request.cgroups.map(({ directory, version }) => {
    asm.step(`opening the control group ${directory}`);
    return openHost(asm, `${directory}/${version === 1 ? "tasks" : "cgroup.procs"}`, O_WRONLY);
  });
}

/** In the container's process: enters the groups. */
export function enterGroups({ asm, request }: ProcessContext, groups: readonly Slot[]): void {
  for (const [index, group] of groups.entries()) {
    asm.step(`entering the control group ${request.cgroups[index]!.directory}`);
    asm.call("write", [group, asm.text("0"), 1]);
    closeFd(asm, group);
  }
}
