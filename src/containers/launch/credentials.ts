/** What the process may do: identity, capabilities, seccomp, security labels; the order is what makes it safe. */
import { AtomicError } from "../../errors.ts";
import {
  type Address,
  CLOSE_RANGE_CLOEXEC,
  ENOENT,
  KEYCTL_JOIN_SESSION_KEYRING,
  O_CLOEXEC,
  O_WRONLY,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
  PR_SET_KEEPCAPS,
  PR_SET_NO_NEW_PRIVS,
  SECCOMP_SET_MODE_FILTER,
} from "../../linux/index.ts";
import type { Process } from "../spec/process.ts";
import { closeFd, tolerate, writeInto } from "./calls.ts";
import type { ProcessContext } from "./context.ts";
import type { CapabilityMasks } from "../limits/capabilities.ts";
import { hasAppArmor, hasSelinux } from "../limits/security-modules.ts";

/** `_LINUX_CAPABILITY_VERSION_3` */
const CAPABILITY_VERSION = 0x20080522;
const SOCK_FILTER_SIZE = 8;
const DEFAULT_UMASK = 0o022;
const MAX_U32 = 0xffffffffn;
const MAX_U32_NUMBER = 0xffffffff;

/** A session keyring of its own: the caller's keys stay the caller's. Kernels without keyrings have none to share. */
export function newKeyring({ asm }: ProcessContext): void {
  asm.step("making a session keyring");
  asm.call("keyctl", [KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0], { onError: "ignore" });
}

/**
 * Gives up everything the process shall not have. Without no_new_privs a filter needs CAP_SYS_ADMIN, so it is loaded
 * before that is gone; with it, last. A profile lists what the container's program needs and may lack what is called
 * here, so as little as can be comes after.
 */
export function restrict(context: ProcessContext, process: Process): void {
  const { asm, request } = context;
  const { user, noNewPrivileges = false } = process;
  const { bounding } = request.capabilities;
  labelProcess(context, process);
  keepDescriptors(context);
  asm.step("setting the umask");
  asm.call("umask", [user.umask ?? DEFAULT_UMASK]);
  asm.step("dropping capabilities from the bounding set");
  for (let capability = 0; capability <= request.lastCapability; capability++)
    if ((bounding & (1n << BigInt(capability))) === 0n) asm.call("prctl", [PR_CAPBSET_DROP, capability, 0, 0, 0]);
  asm.step(`entering group ${user.gid}`);
  const groups = user.additionalGids ?? [];
  const list = Buffer.alloc(groups.length * 4);
  for (const [index, gid] of groups.entries()) list.writeUInt32LE(gid, index * 4);
  asm.call("setresgid", [user.gid, user.gid, user.gid]);
  if (request.groupsFixed !== true) asm.call("setgroups", [groups.length, asm.bytes(list)]);
  asm.call("prctl", [PR_SET_KEEPCAPS, 1, 0, 0, 0]);
  if (!noNewPrivileges) loadFilter(context);
  asm.step(`becoming user ${user.uid}`);
  asm.call("setresuid", [user.uid, user.uid, user.uid]);
  setCapabilities(context, request.capabilities);
  if (noNewPrivileges) {
    asm.step("giving up new privileges");
    asm.call("prctl", [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0]);
    loadFilter(context);
  }
}

/** Every descriptor beyond those the process is meant to have closes when it is executed. */
function keepDescriptors({ asm, request }: ProcessContext): void {
  asm.step("closing descriptors");
  asm.call("close_range", [3 + request.preservedFds, MAX_U32_NUMBER, CLOSE_RANGE_CLOEXEC]);
}

function setCapabilities({ asm }: ProcessContext, masks: CapabilityMasks): void {
  asm.step("setting capabilities");
  asm.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);
  const { effective, permitted, inheritable, ambient } = masks;
  const data = Buffer.alloc(24);
  for (const [index, shift] of [0n, 32n].entries())
    for (const [word, mask] of [effective, permitted, inheritable].entries())
      data.writeUInt32LE(Number((mask >> shift) & MAX_U32), index * 12 + word * 4);
  asm.call("capset", [asm.words([CAPABILITY_VERSION]), asm.bytes(data)]);
  for (let capability = 0n; capability < 64n; capability++)
    if ((ambient & (1n << capability)) !== 0n)
      asm.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0]);
}

function loadFilter({ asm, request }: ProcessContext): void {
  const { seccomp } = request;
  if (seccomp === undefined) return;
  asm.step("loading the seccomp filter");
  const count = seccomp.filter.length / SOCK_FILTER_SIZE;
  const program: Address = asm.words([count, asm.bytes(seccomp.filter)]);
  asm.call("seccomp", [SECCOMP_SET_MODE_FILTER, seccomp.flags, program]);
}

/**
 * The labels the next program gets, through the host's /proc: a container's own may be anything. Without SELinux its label
 * has no meaning, and engines write one all the same.
 */
function labelProcess(context: ProcessContext, { selinuxLabel, apparmorProfile }: Process): void {
  const { asm, proc } = context;
  if (selinuxLabel !== undefined && selinuxLabel !== "" && hasSelinux()) {
    asm.step(`setting the SELinux label ${selinuxLabel}`);
    writeInto(asm, proc, "self/attr/exec", selinuxLabel);
  }
  if (apparmorProfile === undefined || apparmorProfile === "") return;
  if (!hasAppArmor()) {
    throw new AtomicError("unsupported", `setting the AppArmor profile ${apparmorProfile}: this host has no AppArmor`);
  }
  asm.step(`setting the AppArmor profile ${apparmorProfile}`);
  const [fd, old, opened] = [asm.slot(), asm.label("old"), asm.label("opened")];
  const text = `exec ${apparmorProfile}`;
  const open = (path: string) => [proc, asm.text(path), O_WRONLY | O_CLOEXEC, 0] as [typeof proc, Address, number, 0];
  asm.call("openat", open("self/attr/apparmor/exec"), { store: fd, onError: old });
  asm.jump(opened);
  asm.place(old);
  const missing = asm.label("missing");
  tolerate(context, fd, [ENOENT], missing);
  asm.place(missing);
  asm.call("openat", open("self/attr/exec"), { store: fd });
  asm.place(opened);
  asm.call("write", [fd, asm.text(text), Buffer.byteLength(text)]);
  closeFd(asm, fd);
}
