/** What a container's namespaces are told about it: names, sysctls, its own network's loopback. */
import { AtomicError } from "../../errors.ts";
import type { LaunchContext, ProcessContext } from "./context.ts";
import { closeFd, writeInto } from "./calls.ts";

const SIOCSIFFLAGS = 0x8914;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0o2000002;
/** `IFF_UP | IFF_RUNNING` */
const UP = 0x41;
const IFREQ_SIZE = 40;
const IFNAME_SIZE = 16;

/** Host and domain name. */
export function setNames({ asm, request }: LaunchContext): void {
  const { hostname, domainname } = request.config;
  if (hostname !== undefined && hostname !== "") {
    asm.step(`setting the host name ${hostname}`);
    asm.call("sethostname", [asm.text(hostname), Buffer.byteLength(hostname)]);
  }
  if (domainname !== undefined && domainname !== "") {
    asm.step(`setting the domain name ${domainname}`);
    asm.call("setdomainname", [asm.text(domainname), Buffer.byteLength(domainname)]);
  }
}

/** In a user namespace that has its ID maps: becomes its root, whoever the process is on the host. */
export function becomeMappedRoot({ asm }: ProcessContext): void {
  asm.step("becoming root of the user namespace");
  asm.call("setresgid", [0, 0, 0]);
  asm.call("setgroups", [0, 0]);
  asm.call("setresuid", [0, 0, 0]);
}

/** Brings up `lo` of a new network namespace. */
export function raiseLoopback({ asm }: LaunchContext): void {
  asm.step("bringing up the loopback device");
  const socket = asm.slot();
  const request = Buffer.alloc(IFREQ_SIZE);
  request.write("lo");
  request.writeUInt16LE(UP, IFNAME_SIZE);
  asm.call("socket", [AF_INET, SOCK_DGRAM_CLOEXEC, 0], { store: socket });
  asm.call("ioctl", [socket, SIOCSIFFLAGS, asm.bytes(request)]);
  closeFd(asm, socket);
}

/** Sysctls through the host's /proc, which shows the values of the caller's namespaces. */
export function writeSysctls({ asm, proc, request }: LaunchContext): void {
  for (const [key, value] of Object.entries(request.config.linux?.sysctl ?? {})) {
    asm.step(`setting the sysctl ${key}`);
    writeInto(asm, proc, `sys/${sysctlPath(key)}`, value);
  }
}

/** The file of a sysctl. `net/ipv4/conf/eth0.1/mtu` has slashes where dots belong to a name. */
function sysctlPath(key: string): string {
  const path = key.includes("/") ? key : key.replaceAll(".", "/");
  if (!/^[A-Za-z0-9_:@-][A-Za-z0-9_.:@-]*(\/[A-Za-z0-9_:@-][A-Za-z0-9_.:@-]*)+$/.test(path))
    throw new AtomicError("invalid", `setting the sysctl ${JSON.stringify(key)}: it is no name of one`);
  return path;
}
