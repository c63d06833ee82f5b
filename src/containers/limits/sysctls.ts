/** Which sysctls a container may set: those of a namespace it does not share with the host. */
import { AtomicError } from "../../errors.ts";
import type { NamespaceType } from "../spec/linux.ts";

const BY_NAMESPACE: readonly { pattern: RegExp; namespace: NamespaceType }[] = [
  { pattern: /^kernel[.](msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/, namespace: "ipc" },
  { pattern: /^fs[.]mqueue[.]/, namespace: "ipc" },
  { pattern: /^net[.]/, namespace: "network" },
  { pattern: /^kernel[.]domainname$/, namespace: "uts" },
];

/**
 * Checks the names of `sysctl`.
 * @param own the namespaces the container does not share with the host
 * @throws AtomicError invalid for one that is the host's, or has a namespace that is shared
 */
export function checkSysctls(sysctl: Readonly<Record<string, string>>, own: ReadonlySet<NamespaceType>): void {
  for (const name of Object.keys(sysctl)) {
    // With slashes a dot is part of a name: net/ipv4/conf/eth0.1/mtu.
    const dotted = name.includes("/") ? name.replaceAll("/", ".") : name;
    const namespace = BY_NAMESPACE.find(({ pattern }) => pattern.test(dotted))?.namespace;
    if (namespace === undefined) throw refused(name, "it belongs to the whole host");
    if (!own.has(namespace))
      throw refused(name, `it belongs to the ${namespace} namespace, which the container shares`);
  }
}

function refused(name: string, why: string): AtomicError {
  return new AtomicError("invalid", `setting the sysctl ${JSON.stringify(name)} of a container: ${why}`);
}
