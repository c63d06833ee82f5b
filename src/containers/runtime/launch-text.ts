/** The launch program of a container, to be read before it is trusted. */
import { disassemble, type LaunchArch, launchExecutable, readLaunchExecutable } from "../../linux/index.ts";
import { compileLaunch } from "../launch/compile.ts";
import { readHost } from "./host.ts";
import { prepareProcess } from "./prepare.ts";
import { NO_PROCESS } from "../spec/process.ts";
import type { ContainerRecord } from "./record.ts";

/** The program that starts what is in the record on this host, one line per system call. @throws AtomicError invalid */
export function launchText({ config, rootfs, cgroups }: ContainerRecord): string {
  const { request } = prepareProcess(config.process ?? NO_PROCESS, config.linux?.seccomp, readHost());
  const program = compileLaunch({ ...request, config, rootfs, cgroups, preservedFds: 0 });
  return disassemble(readLaunchExecutable(launchExecutable(program, process.arch as LaunchArch)));
}
