/** What a container may do to the host, in words an operator can weigh. */
import type { RunOptions } from "../configure/run-options.ts";

/** One line for each privilege beyond an ordinary container's; empty when there is none. */
export function privilegesOf(options: RunOptions): string[] {
  const { privileged, namespaces, capAdd, security, volumes, devices, publish } = options;
  const host = [
    ["network", "the host's network (--network=host)"],
    ["pid", "the host's processes (--pid=host)"],
    ["ipc", "the host's shared memory (--ipc=host)"],
    ["uts", "the host's name (--uts=host)"],
  ] as const;
  return [
    ...(privileged ? ["every capability and device, and no system call filter (--privileged)"] : []),
    ...host.filter(([type]) => namespaces[type].kind === "host").map(([, text]) => text),
    ...host
      .filter(([type]) => namespaces[type].kind === "container" || namespaces[type].kind === "path")
      .map(([type]) => `another's ${type} namespace`),
    ...capAdd.map((name) => `capability ${name} (--cap-add)`),
    ...(security.seccomp === "unconfined" && !privileged ? ["no system call filter (--security-opt seccomp)"] : []),
    ...(security.label === "disable" ? ["no SELinux label (--security-opt label)"] : []),
    ...Object.entries(security.labelParts ?? {}).map(
      ([part, value]) => `the SELinux ${part} ${value} (--security-opt label)`,
    ),
    ...(security.apparmor === "unconfined" ? ["no AppArmor profile (--security-opt apparmor)"] : []),
    ...(security.unmask ? ["hidden parts of /proc and /sys (--security-opt unmask)"] : []),
    ...volumes
      .filter(({ source, kind }) => kind === "bind" && source !== undefined)
      .map(
        ({ source, destination, readOnly }) => `the host's ${source} on ${destination}${readOnly ? ", read-only" : ""}`,
      ),
    ...publish.map(
      ({ hostAddress, hostPort, protocol }) =>
        `the host's port ${hostPort ?? "any"}/${protocol}${hostAddress === undefined ? "" : ` at ${hostAddress}`} (--publish)`,
    ),
    ...devices.map(({ path }) => `the device ${path} (--device)`),
  ];
}
