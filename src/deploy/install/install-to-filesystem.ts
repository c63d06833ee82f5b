/** Installing a host to filesystems that someone else made and mounted. */
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { AtomicError } from "../../errors.ts";
import { AT_FDCWD, statAt, statIfExists } from "../../linux/index.ts";
import { run } from "../../spawn.ts";
import type { DeployResult } from "../make-deployment.ts";
import { installHost, type InstallOptions } from "./install-host.ts";

/** What a fresh filesystem may hold. */
const HARMLESS = ["boot", "lost+found"];

export interface FilesystemOptions extends InstallOptions {
  /** Where the root filesystem is mounted, with the EFI system partition at `boot` in it. */
  target: string;
}

/**
 * Installs a host to mounted filesystems.
 * @throws AtomicError exists when they hold something, invalid when `boot` is not a filesystem of its own, no-space
 */
export async function installToFilesystem(options: FilesystemOptions): Promise<DeployResult> {
  const { disk } = options;
  const root = resolve(options.target);
  const boot = join(root, "boot");
  if (statIfExists(AT_FDCWD, boot)?.dev === statAt(AT_FDCWD, root).dev || statIfExists(AT_FDCWD, boot) === undefined) {
    throw new AtomicError("invalid", `installing to ${root}: the EFI system partition is not mounted at ${boot}`, {
      hint: `mount PARTITION ${boot}`,
    });
  }
  const [found] = [...namesIn(root), ...namesIn(boot).map((name) => `boot/${name}`)];
  if (found !== undefined) {
    throw new AtomicError("exists", `installing to ${root}: expected empty filesystems, found ${found}`);
  }
  const scratch = join(root, ".atomic-install.unfinished");
  const [rootUuid, bootUuid] = [uuidOf(root), uuidOf(boot)];
  disk.mkdir(scratch, 0o700);
  try {
    const result = await installHost({ root, boot, rootUuid, bootUuid, scratch }, options);
    for (const path of [root, boot]) disk.barrier(path);
    return result;
  } finally {
    disk.removeTree(scratch);
  }
}

function namesIn(directory: string): string[] {
  return readdirSync(directory).filter((name) => !HARMLESS.includes(name));
}

/** The UUID of the filesystem mounted at `path`. @throws AtomicError unsupported when it has none */
function uuidOf(path: string): string {
  const find = (...argv: string[]): string => run(argv, { package: "util-linux" }).stdout.toString("utf8").trim();
  const device = find("findmnt", "--noheadings", "--output", "SOURCE", "--mountpoint", path);
  const uuid = device.startsWith("/dev/") ? find("blkid", "--match-tag", "UUID", "--output", "value", device) : "";
  if (!/^[0-9A-Fa-f-]{8,36}$/.test(uuid)) {
    throw new AtomicError("unsupported", `installing to ${path}: its filesystem has no UUID`);
  }
  return uuid;
}
