/** What this runtime can do. Spec: OCI runtime, features.md and features-linux.md, 1.2 */
import { capabilityArgument } from "../limits/capabilities.ts";
import { MOUNT_OPTIONS } from "../launch/mount-options.ts";
import { NAMESPACE_TYPES } from "../spec/linux.ts";
import { SECCOMP_ACTIONS, SECCOMP_OPERATORS } from "../spec/seccomp.ts";
import { HOOK_STAGES } from "../spec/config.ts";

const ARCHITECTURES = {
  x64: ["SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"],
  arm64: ["SCMP_ARCH_AARCH64"],
} as const;

/** The document that `features` prints. */
export function runtimeFeatures(machine: keyof typeof ARCHITECTURES): object {
  return {
    ociVersionMin: "1.0.0",
    ociVersionMax: "1.2.1",
    hooks: HOOK_STAGES,
    mountOptions: MOUNT_OPTIONS,
    linux: {
      namespaces: NAMESPACE_TYPES,
      capabilities: capabilityArgument("ALL"),
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: false },
      seccomp: {
        enabled: true,
        // A listener for notifications is not passed on.
        actions: SECCOMP_ACTIONS.filter((action) => action !== "SCMP_ACT_NOTIFY"),
        operators: SECCOMP_OPERATORS,
        archs: ARCHITECTURES[machine],
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      netDevices: { enabled: false },
    },
  };
}
