/** What there is on this host, read from /proc, /sys and /dev. */
import { lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import type { HostFacts } from "../configure/configure.ts";
import { readHost } from "../runtime/host.ts";
import type { Device } from "../spec/linux.ts";

/** Below /dev, what every container has of its own, or must not share. */
const OWN = new Set([
  "pts",
  "shm",
  "mqueue",
  "ptmx",
  "console",
  "null",
  "zero",
  "full",
  "random",
  "urandom",
  "tty",
  "fd",
  "core",
]);
const MAX_DEVICES = 4096;

/** @throws AtomicError unsupported */
export function hostFacts(): HostFacts {
  const { capabilities, cgroups, v2Controllers, userIds } = readHost();
  const { arch } = process;
  if (arch !== "x64" && arch !== "arm64")
    throw new AtomicError("unsupported", `running containers: ${arch} is not supported`);
  return {
    machine: arch,
    capabilities,
    cpuNames: readdirSync("/sys/devices/system/cpu"),
    canLimitPids:
      cgroups.hierarchies.some(({ controllers }) => controllers.includes("pids")) || /\bpids\b/.test(v2Controllers),
    environment: process.env,
    devices: devicesAt,
    ...(userIds === undefined ? {} : { userIds }),
  };
}

/** The device at `path`, or all below a directory. @throws AtomicError not-found, invalid */
function devicesAt(path: string): Device[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new AtomicError("not-found", `giving the container ${path}: it does not exist`, { hint: "ls /dev" });
  const found = stat.isDirectory() ? devicesBelow(path) : [deviceOf(path, stat)].filter((one) => one !== undefined);
  if (found.length === 0) throw new AtomicError("invalid", `giving the container ${path}: it is no device`);
  return found.slice(0, MAX_DEVICES);
}

function devicesBelow(directory: string): Device[] {
  return readdirSync(directory).flatMap((name) => {
    if (directory === "/dev" && OWN.has(name)) return [];
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) return devicesBelow(path);
    const device = stat === undefined ? undefined : deviceOf(path, stat);
    return device === undefined ? [] : [device];
  });
}

function deviceOf(path: string, stat: NonNullable<ReturnType<typeof statSync>>): Device | undefined {
  const type = stat.isCharacterDevice() ? "c" : stat.isBlockDevice() ? "b" : undefined;
  if (type === undefined) return undefined;
  const { rdev, mode, uid, gid } = stat;
  const number = BigInt(rdev);
  // As gnu_dev_major(3) has it.
  const major = Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xffff_f000n));
  const minor = Number((number & 0xffn) | ((number >> 12n) & 0xffff_ff00n));
  return { type, path, major, minor, fileMode: Number(mode) & 0o777, uid: Number(uid), gid: Number(gid) };
}
