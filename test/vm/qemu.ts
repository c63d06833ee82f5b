/** QEMU 10 of Debian 13: the QEMU of Debian 12 corrupts newer guest kernels. */
import { join } from "node:path";
import { peer } from "../support/peers.ts";

/** Where images are kept. */
export const VM_CACHE = process.env["ATOMIC_VM"] ?? "/var/tmp/atomic-vm";
const SUITE = "trixie";

export interface Qemu {
  /** What to put before QEMU's arguments; empty when it is missing. */
  system: readonly string[];
  /** Why virtual machines cannot be run, as a reason to skip. */
  missing: string | undefined;
}

/** QEMU, made available if need be. It interprets: KVM is not used even where its device exists. */
export function qemu(): Qemu {
  const system = peer("qemu-system-x86_64", { package: "qemu-system-x86", suite: SUITE });
  const { missing } = system;
  if (missing !== undefined) return { system: [], missing };
  const share = join(system.argv.at(-1)!, "../../share");
  const data = ["qemu", "seabios"].flatMap((name) => ["-L", join(share, name)]);
  return { system: [...system.argv, ...data, "-accel", "tcg"], missing };
}
