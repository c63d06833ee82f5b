/** Capabilities: names, the default set, and what of a request this host can give. */
import { AtomicError } from "../../errors.ts";
import type { ProcessCapabilities } from "../spec/process.ts";

/** In the order of their numbers, as of Linux 6.17; see capabilities(7). */
const NAMES = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
  SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
  SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/** What an ordinary container's root may do: podman's eleven. */
export const DEFAULT_CAPABILITIES: readonly string[] = `CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP
  SETGID SETPCAP SETUID SYS_CHROOT`
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

/** Capabilities as the kernel counts them: bit n is capability n. */
export interface CapabilityMasks {
  bounding: bigint;
  effective: bigint;
  permitted: bigint;
  inheritable: bigint;
  ambient: bigint;
}

/** What this host can give. */
export interface HostCapabilities {
  /** The bounding set, bit n for capability n. */
  bounding: bigint;
  /** Number of the kernel's last capability. */
  last: number;
}

/**
 * @param status /proc/self/status
 * @param lastCapability /proc/sys/kernel/cap_last_cap
 * @throws AtomicError unsupported when they are not what the kernel writes
 */
export function parseHostCapabilities(status: string, lastCapability: string): HostCapabilities {
  const bounding = /^CapBnd:\t([0-9a-f]{16})$/m.exec(status)?.[1];
  const last = /^(\d{1,2})\n?$/.exec(lastCapability)?.[1];
  if (bounding === undefined || last === undefined) {
    throw new AtomicError("unsupported", "reading this process's capabilities: /proc does not have them");
  }
  return { bounding: BigInt(`0x${bounding}`), last: Number(last) };
}

/** The names of the capabilities in `mask`. */
export function capabilityNames(mask: bigint): string[] {
  return NAMES.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);
}

/**
 * The capability an operator means: `CAP_KILL`, `kill`; `ALL` for every one.
 * @throws AtomicError usage for a name there is not
 */
export function capabilityArgument(text: string): string[] {
  const upper = text.toUpperCase();
  if (upper === "ALL") return [...NAMES];
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!NAMES.includes(name)) {
    throw new AtomicError("usage", `there is no capability ${JSON.stringify(text)}`, { hint: "man 7 capabilities" });
  }
  return [name];
}

/**
 * Cuts a configuration's capabilities down to what the kernel would grant: nothing beyond the host's bounding set,
 * nothing effective that is not permitted, nothing ambient that is not permitted and inheritable.
 * @returns the sets, and a warning for each name that was left out
 */
export function grantCapabilities(
  wanted: ProcessCapabilities = {},
  host: HostCapabilities,
): { masks: CapabilityMasks; warnings: string[] } {
  const missing = new Set<string>();
  const mask = (names: readonly string[] = []) => {
    let bits = 0n;
    for (const name of names) {
      const number = NAMES.indexOf(name);
      const bit = number === -1 || number > host.last ? 0n : host.bounding & (1n << BigInt(number));
      if (bit === 0n) missing.add(name);
      bits |= bit;
    }
    return bits;
  };
  const bounding = mask(wanted.bounding);
  const permitted = mask(wanted.permitted);
  const inheritable = mask(wanted.inheritable);
  const masks = {
    bounding,
    permitted,
    inheritable,
    effective: mask(wanted.effective) & permitted,
    ambient: mask(wanted.ambient) & permitted & inheritable,
  };
  const warnings = [...missing].map((name) => `this host has no ${name} to give`);
  return { masks, warnings };
}
