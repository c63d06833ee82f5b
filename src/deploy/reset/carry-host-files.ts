/** Taking files of `/etc` and `/var` from a deployment of one stateroot to that of another. */
import { join } from "node:path";
import {
  AT_FDCWD,
  close,
  isKernelError,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  open,
  openAt2,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  statAt,
  visitPostOrder,
} from "../../linux/index.ts";
import { toBytes } from "../../bytes.ts";
import type { DeploymentName } from "../deployment-id.ts";
import type { Need } from "../preflight.ts";
import { deploymentPath, staterootPath, type Sysroot } from "../sysroot.ts";
import { carryOver } from "./carry-over.ts";

export interface CarryHostFiles {
  from: DeploymentName;
  deployment: DeploymentName;
  /** As `parseKeptPath` returns them. What is not there is left out. */
  paths: readonly string[];
}

/** Copies them, durably. @throws AtomicError conflict, no-space, io */
export function carryHostFiles(sysroot: Sysroot, { from, deployment, paths }: CarryHostFiles): void {
  for (const path of paths) {
    carryOver(sysroot.disk, {
      from: liveDirectory(sysroot, from, path),
      to: liveDirectory(sysroot, deployment, path),
      path: path.slice("/etc/".length),
    });
  }
  sysroot.disk.barrier(sysroot.path);
}

/** Which of `paths` the deployment has. */
export function presentPaths(sysroot: Sysroot, from: DeploymentName, paths: readonly string[]): string[] {
  return paths.filter((path) => isPresent(liveDirectory(sysroot, from, path), path.slice("/etc/".length)));
}

/** As `carryOver` finds it: what lies behind a symlink is not there. */
function isPresent(directory: string, path: string): boolean {
  const fd = open(directory, O_PATH | O_DIRECTORY);
  try {
    close(openAt2(fd, path, { flags: O_PATH | O_NOFOLLOW, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS }));
    return true;
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) return false;
    throw error;
  } finally {
    close(fd);
  }
}

/** What the copies take. */
export function carriedNeed(sysroot: Sysroot, from: DeploymentName, paths: readonly string[]): Need {
  const need = { path: sysroot.path, files: [] as number[], inodes: 0 };
  const add = ({ mode, size }: { mode: number; size: number }): void => {
    if ((mode & S_IFMT) === S_IFREG) need.files.push(size);
    else need.inodes += 1;
  };
  for (const path of paths) {
    const live = livePath(sysroot, from, path);
    const stat = statAt(AT_FDCWD, live);
    add(stat);
    if ((stat.mode & S_IFMT) !== S_IFDIR) continue;
    visitPostOrder(live, ({ dirFd, name }) => add(statAt(dirFd, toBytes(name))));
  }
  return need;
}

function livePath(sysroot: Sysroot, name: DeploymentName, path: string): string {
  return join(liveDirectory(sysroot, name, path), path.slice("/etc/".length));
}

/** The directory that is `/etc` or `/var` of a deployment, whichever `path` lies in; both names are of one length. */
function liveDirectory(sysroot: Sysroot, name: DeploymentName, path: string): string {
  if (path.startsWith("/etc/")) return join(deploymentPath(sysroot, name), "etc");
  return join(staterootPath(sysroot, name.stateroot), "var");
}
