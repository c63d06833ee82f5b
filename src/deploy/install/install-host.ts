/** What every way to install a host has in common: a sysroot, its first deployment, settings and a boot loader. */
import { join } from "node:path";
import { type BootloaderName, bootloaderOf, hasKarg, kargValues } from "../../bootloader/index.ts";
import type { Durable } from "../../durable.ts";
import type { Progress } from "../../progress.ts";
import { deploy } from "../deploy.ts";
import { initHost } from "../init-host.ts";
import type { DeployResult } from "../make-deployment.ts";
import { openSource, pullCommit, resolveSpec } from "../resolve-spec.ts";
import { staterootPath, type Sysroot } from "../sysroot.ts";
import { authorizeRoot, mountBoot } from "./host-settings.ts";
import { loaderFiles } from "./loader-files.ts";

/** What an operator chooses, whatever is installed to. */
export interface InstallOptions {
  /** A ref or a container image, which upgrades follow, or a commit. */
  spec: string;
  /** A directory with a store, or with a sysroot, that has it; none for an image, which is pulled. */
  from?: string;
  bootloader: BootloaderName;
  /** Beside those of the image and `root=`. */
  kargs?: readonly string[];
  stateroot?: string;
  /** The text of an `authorized_keys` file for root. */
  rootSshKey?: string;
  disk: Durable;
  progress: Progress;
}

/** Where the host goes. */
export interface InstallPlace {
  /** An empty directory, which is or becomes the physical root. */
  root: string;
  /** An empty directory, which is or becomes the root of the EFI system partition. */
  boot: string;
  /** As `root=UUID=` and `/etc/fstab` name the two. */
  rootUuid: string;
  bootUuid: string;
  /** An existing directory for temporary files. */
  scratch: string;
}

/** @throws AtomicError not-found, no-space, invalid, exists; for an image as `pullImageSpec` */
export async function installHost(place: InstallPlace, options: InstallOptions): Promise<DeployResult> {
  const { disk, progress, spec } = options;
  const { stateroot } = options;
  const made = await initHost(place.root, { disk, ...(stateroot === undefined ? {} : { stateroot }) });
  const sysroot: Sysroot = { ...made.sysroot, boot: place.boot, bootPrefix: "" };

  if (options.from !== undefined) {
    const source = openSource(sysroot, options.from);
    await pullCommit(sysroot, source, { resolved: resolveSpec(source, spec), stateroot: made.stateroot, progress });
  }
  const result = await deploy(sysroot, {
    spec,
    stateroot: made.stateroot,
    kargs: { append: installKargs(place, options) },
    reason: "installed",
    progress,
  });

  const etc = join(staterootPath(sysroot, result.stateroot), "deploy", result.id, "etc");
  mountBoot(disk, etc, place.bootUuid);
  if (options.rootSshKey !== undefined) authorizeRoot(disk, etc, options.rootSshKey);
  const files = loaderFiles(sysroot.repo, result.commit, place.scratch);
  bootloaderOf(options.bootloader).install(disk, place.boot, files);
  return result;
}

/** The kernel is told where the root filesystem is, unless the operator does that. */
function installKargs({ rootUuid }: InstallPlace, { kargs = [] }: InstallOptions): string[] {
  const root = `root=UUID=${rootUuid}`;
  return kargValues(kargs, "root").length > 0 || hasKarg(kargs, root) ? [...kargs] : [root, ...kargs];
}
