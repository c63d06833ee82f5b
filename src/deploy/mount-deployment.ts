import { join, resolve } from "node:path";
import { kargValues } from "../bootloader/index.ts";
import { AtomicError, isAtomicError } from "../errors.ts";
import {
  AT_FDCWD,
  close,
  isKernelError,
  MNT_DETACH,
  mount,
  type MountEntry,
  MS_BIND,
  MS_RDONLY,
  O_DIRECTORY,
  O_PATH,
  open,
  readMounts,
  S_IFDIR,
  S_IFMT,
  statIfExists,
  umount,
  UMOUNT_NOFOLLOW,
} from "../linux/index.ts";
import { run } from "../spawn.ts";
import { MOUNT_SOURCE } from "./booted.ts";
import { findDeployment, loadHostState } from "./host-state.ts";
import { deploymentPath, staterootPath, type Sysroot } from "./sysroot.ts";

/** With `=require`, the kernel reads no object that fs-verity does not vouch for. */
const VERITY_KARG = "atomic.verity";

export interface MountOptions {
  /** An existing directory. */
  directory: string;
  /** Index or id; what boots next without it. */
  target?: string;
  commandLine?: string;
}

/**
 * Mounts a deployment as it would boot: its tree read-only, its own `/etc`, the stateroot's `/var`, the physical root at
 * `/sysroot`.
 * @throws AtomicError not-found; conflict when something is mounted there; unsupported by this kernel; permission
 */
export function mountDeployment(
  sysroot: Sysroot,
  { directory, target, commandLine }: MountOptions,
): { id: string; directory: string } {
  const deployment = findDeployment(loadHostState(sysroot, commandLine), target ?? "0");
  const at = resolve(directory);
  if (mountsBelow(at).some(({ path }) => path === at)) {
    throw new AtomicError("conflict", `mounting a deployment on ${at}: something is mounted there`, {
      hint: `atomic host unmount ${at}`,
    });
  }
  const own = deploymentPath(sysroot, deployment);
  try {
    mountImage(join(own, "image"), at);
    mountTree(at, {
      objects: join(sysroot.repo.path, "objects"),
      source: `${MOUNT_SOURCE}${deployment.stateroot}/${deployment.id}`,
      verity: kargValues(deployment.origin.kargs, VERITY_KARG).at(-1) === "require",
    });
    bind(join(own, "etc"), join(at, "etc"));
    bind(join(staterootPath(sysroot, deployment.stateroot), "var"), join(at, "var"));
    bind(sysroot.path, join(at, "sysroot"));
  } catch (error) {
    unmountAll(at);
    throw error;
  }
  return { id: deployment.id, directory: at };
}

/** Undoes `mountDeployment`. @throws AtomicError not-found when no deployment is mounted there, conflict when it is in use */
export function unmountDeployment(directory: string): void {
  const at = resolve(directory);
  const top = mountsBelow(at).findLast(({ path }) => path === at);
  if (top?.source.startsWith(MOUNT_SOURCE) !== true) {
    throw new AtomicError("not-found", `unmounting ${at}: no deployment is mounted there`, { hint: `findmnt ${at}` });
  }
  unmountAll(at);
}

/**
 * The metadata image, through a loop device as the initramfs does it: mounted as a file it would count as one more
 * filesystem on top of another, of which Linux allows two, and `unlock` needs one. Without loop devices it is mounted as
 * a file, which Linux can since 6.12.
 */
function mountImage(image: string, at: string): void {
  try {
    run(["mount", "-t", "erofs", "-o", "ro,loop", image, at]);
  } catch (error) {
    if (!isAtomicError(error, "child-failed")) throw error;
    mount({ source: image, target: at, type: "erofs", flags: MS_RDONLY });
  }
}

interface TreeRequest {
  /** The store's `objects/`. */
  objects: string;
  /** What the mount is called. */
  source: string;
  verity: boolean;
}

/** The image's files get their bytes from `objects`; before Linux 6.5 those are an ordinary lower layer. */
function mountTree(at: string, { objects, source, verity }: TreeRequest): void {
  const [image, data] = [open(at, O_PATH | O_DIRECTORY), open(objects, O_PATH | O_DIRECTORY)];
  const attempt = (separator: string): void =>
    mount({
      source,
      target: at,
      type: "overlay",
      flags: MS_RDONLY,
      data: `lowerdir=/proc/self/fd/${image}${separator}/proc/self/fd/${data},metacopy=on,redirect_dir=on${verity ? ",verity=require" : ""}`,
    });
  try {
    attempt("::");
  } catch (error) {
    if (!isKernelError(error, "EINVAL")) throw error;
    attempt(":");
  } finally {
    close(image);
    close(data);
  }
}

/** A tree need not have every directory; what is missing cannot be mounted over. */
function bind(from: string, to: string): void {
  const there = statIfExists(AT_FDCWD, to);
  if (there === undefined || (there.mode & S_IFMT) !== S_IFDIR) return;
  mount({ source: from, target: to, flags: MS_BIND });
}

function unmountAll(at: string): void {
  for (const { path } of mountsBelow(at).reverse()) {
    try {
      umount(path, UMOUNT_NOFOLLOW);
    } catch (error) {
      if (!isKernelError(error, "EBUSY")) throw error;
      umount(path, MNT_DETACH | UMOUNT_NOFOLLOW);
    }
  }
}

/** The mounts at or below a path, in the order they were made. */
function mountsBelow(at: string): MountEntry[] {
  return readMounts().filter(({ path }) => path === at || path.startsWith(`${at}/`));
}
