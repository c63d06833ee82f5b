/**
 * The sysroot on disk:
 *
 *     atomic/format.json                                     version and feature flags
 *     atomic/lock                                            flock: one writer at a time
 *     atomic/config.json                                     the operator's settings, optional
 *     atomic/repo/                                           the store
 *     atomic/staged.json                                     the deployment to finalize at shutdown
 *     atomic/finalize-failure.json                           why that failed
 *     atomic/deploy/<stateroot>/var/                         shared /var
 *     atomic/deploy/<stateroot>/etc.git/                     history of /etc, root only
 *     atomic/deploy/<stateroot>/history.jsonl                what was deployed when, and why
 *     atomic/deploy/<stateroot>/deploy/<commit>.<serial>/    etc/, image, origin.json, etc-report.json
 *     boot/loader/entries/, boot/atomic/                     boot entries and kernels
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { settleBootloader } from "../bootloader/index.ts";
import type { Durable } from "../durable.ts";
import { AtomicError } from "../errors.ts";
import { formatText, parseFormat } from "../format.ts";
import { AT_FDCWD, isKernelError, readFile, statAt, statfs } from "../linux/index.ts";
import { initRepo, openRepo, type Repo, withFileLock } from "../ostree/index.ts";
import { deploymentId, type DeploymentName, parseStateroot, type Stateroot } from "./deployment-id.ts";

export interface Sysroot {
  /** Absolute path of the physical root: what holds `atomic/` and is `/sysroot` in a booted deployment. */
  readonly path: string;
  /** Where boot entries and kernels are. */
  readonly boot: string;
  /** Loaders' name for `boot`: "/boot" on the root filesystem, "" on one of its own. */
  readonly bootPrefix: string;
  /** True for the machine's own root: then a deployment may be booted. */
  readonly running: boolean;
  readonly disk: Durable;
  readonly repo: Repo;
  /** A feature we do not know forbids writing. */
  readonly readOnly: boolean;
}

const MAX_FORMAT = 64 * 1024;
/** Where a booted deployment finds the physical root. */
const PHYSICAL_ROOT = "/sysroot";

/**
 * Makes a sysroot in `path` with one empty stateroot; `format.json` appears last, so a half-made one is not one, and
 * making it again completes it.
 * @throws AtomicError exists when there is one already
 */
export function initSysroot(path: string, { stateroot, disk }: { stateroot: Stateroot; disk: Durable }): Sysroot {
  const root = resolve(path);
  const format = join(root, "atomic/format.json");
  if (existsSync(format)) {
    throw new AtomicError("exists", `making a sysroot in ${root}: there is one already`, {
      hint: `atomic host status --sysroot ${root}`,
    });
  }
  disk.ensureDirectory(join(root, "atomic"), 0o755);
  if (!existsSync(join(root, "atomic/repo/format.json"))) initRepo(join(root, "atomic/repo"), disk);
  disk.ensureDirectory(join(root, "boot/loader/entries"), 0o755);
  initStateroot(root, stateroot, disk);
  disk.barrier(root);
  disk.replaceFile(format, Buffer.from(formatText()), 0o644);
  return openSysroot(root, disk);
}

/** Makes the directories of a stateroot; what exists is kept. */
export function initStateroot(root: string, stateroot: Stateroot, disk: Durable): void {
  const base = join(root, "atomic/deploy", stateroot);
  for (const directory of [base, join(base, "var"), join(base, "deploy")]) disk.ensureDirectory(directory, 0o755);
}

/**
 * Opens the sysroot in `path`; `/` means that of the running machine, whose physical root is at `/sysroot`.
 * @throws AtomicError not-found when there is none, unsupported when a newer atomic made it
 */
export function openSysroot(path: string, disk: Durable): Sysroot {
  const logical = resolve(path);
  const running = logical === "/";
  const root = running && existsSync(join(PHYSICAL_ROOT, "atomic/format.json")) ? PHYSICAL_ROOT : logical;
  const { readOnly } = parseFormat(readFormat(root), root);
  const boot = running && existsSync("/boot/loader") ? "/boot" : join(root, "boot");
  const bootPrefix = deviceOf(boot) === deviceOf(root) ? "/boot" : "";
  return { path: root, boot, bootPrefix, running, disk, repo: openRepo(join(root, "atomic/repo"), disk), readOnly };
}

/**
 * Runs `work` as the sysroot's only writer, with the boot loader in step with the boot entries.
 * @throws AtomicError read-only before anything is written, locked when another process holds it for too long
 */
export async function withSysrootLock<T>(sysroot: Sysroot, work: () => Promise<T>): Promise<T> {
  if (sysroot.readOnly) {
    throw new AtomicError("read-only", `writing to ${sysroot.path}: it uses a feature that this atomic can only read`);
  }
  if (statfs(sysroot.path).readOnly) {
    throw new AtomicError("read-only", `writing to ${sysroot.path}: its filesystem is mounted read-only`, {
      hint: `mount -o remount,rw ${sysroot.path}`,
    });
  }
  return withFileLock(join(sysroot.path, "atomic/lock"), () => {
    settleBootloader(sysroot.disk, sysroot.boot);
    return work();
  });
}

/** The directory of a stateroot. */
export function staterootPath(sysroot: Sysroot, stateroot: Stateroot): string {
  return join(sysroot.path, "atomic/deploy", stateroot);
}

/** The directory of a deployment. */
export function deploymentPath(sysroot: Sysroot, name: DeploymentName): string {
  return join(staterootPath(sysroot, name.stateroot), "deploy", deploymentId(name));
}

/** The stateroot to act on: the named one, which must exist. @throws AtomicError usage, not-found */
export function requireStateroot(sysroot: Sysroot, name: string): Stateroot {
  const stateroot = parseStateroot(name);
  if (!existsSync(staterootPath(sysroot, stateroot))) {
    throw new AtomicError(
      "not-found",
      `opening stateroot ${stateroot} in ${sysroot.path}: there is none of that name`,
      {
        hint: `atomic host init --stateroot ${stateroot} --sysroot ${sysroot.path}`,
      },
    );
  }
  return stateroot;
}

function readFormat(root: string): string {
  try {
    return readFile(join(root, "atomic/format.json"), MAX_FORMAT).toString("utf8");
  } catch (error) {
    if (!isKernelError(error, "ENOENT", "ENOTDIR")) throw error;
    throw new AtomicError("not-found", `opening sysroot ${root}: there is none`, {
      hint: `atomic host init --sysroot ${root}`,
    });
  }
}

function deviceOf(path: string): number | undefined {
  try {
    return statAt(AT_FDCWD, path, { follow: true }).dev;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}
