import { AtomicError } from "../errors.ts";
import { run } from "../spawn.ts";
import type { Sysroot } from "./sysroot.ts";

/** @throws AtomicError usage when the sysroot is not that of the running machine */
export function checkCanReboot({ path, running }: Sysroot): void {
  if (running) return;
  throw new AtomicError("usage", `restarting the machine: the sysroot ${path} is not its own`);
}

/** Restarts the machine in an orderly way, so that what is staged is finalized; returns before it goes down. */
export function reboot(): void {
  run(["systemctl", "reboot", "--no-block"], { package: "systemd-sysv" });
}
