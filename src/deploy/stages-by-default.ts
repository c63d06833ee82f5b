import { existsSync } from "node:fs";
import type { HostState } from "./host-state.ts";
import type { Sysroot } from "./sysroot.ts";

/** Exists while `atomic-finalize.service` is there to finalize at shutdown: its `RuntimeDirectory`. */
const FINALIZER = "/run/atomic/finalize";

/**
 * True when a new deployment is better staged: the machine runs a deployment of this sysroot, whose `/etc` may change
 * until it goes down, and something finalizes then.
 */
export function stagesByDefault({ running }: Pick<Sysroot, "running">, { booted }: Pick<HostState, "booted">): boolean {
  return booted !== undefined && (!running || existsSync(FINALIZER));
}
