/**
 * The metadata of images, each mounted once for all its containers, as long as there are any: `images/COMMIT` in the
 * state directory, and `images/COMMIT.users` with a file for each container.
 */
import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Checksum } from "../../digest.ts";
import {
  close,
  flock,
  isKernelError,
  MNT_DETACH,
  mount,
  MS_RDONLY,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  open,
  umount,
} from "../../linux/index.ts";
import { renderCommitImage } from "../../ostree/index.ts";
import { run } from "../../spawn.ts";
import type { Engine } from "./place.ts";

/** Mounts the metadata of `commit` for a container. @returns a descriptor of it @throws AtomicError no-space, not-found */
export function openImage(engine: Engine, commit: Checksum, id: string): number {
  return withImageLock(engine, () => {
    const at = imageMount(engine, commit);
    mkdirSync(`${at}.users`, { recursive: true, mode: 0o700 });
    writeFileSync(join(`${at}.users`, id), "");
    if (!existsSync(join(at, "00"))) mountImage(engine, commit, at); // the whiteouts of every image begin so
    return open(at, O_PATH | O_DIRECTORY);
  });
}

/** Unmounts the metadata when the container was the last one of it. */
export function releaseImage(engine: Engine, commit: Checksum, id: string): void {
  withImageLock(engine, () => {
    const at = imageMount(engine, commit);
    rmSync(join(`${at}.users`, id), { force: true });
    try {
      rmdirSync(`${at}.users`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOTEMPTY" || code === "ENOENT") return;
      throw error;
    }
    try {
      umount(at, MNT_DETACH);
      rmdirSync(at);
    } catch (error) {
      // The boot before has taken the mount with it, or starting the container failed before there was one.
      if (!isKernelError(error, "EINVAL", "ENOENT")) throw error;
    }
  });
}

/** The image of a commit as a file, made by the first container of it. */
export function imageFile(engine: Engine, commit: string): string {
  return join(imageDirectory(engine), commit);
}

/** Where those files are. */
export function imageDirectory({ data }: Engine): string {
  return join(data, ".images");
}

function mountImage(engine: Engine, commit: Checksum, at: string): void {
  const file = imageFile(engine, commit);
  if (!existsSync(file)) {
    const { disk } = engine.repo;
    disk.ensureDirectory(engine.data, 0o700);
    disk.ensureDirectory(imageDirectory(engine), 0o700);
    disk.replaceFile(file, renderCommitImage(engine.repo, commit), 0o600);
  }
  mkdirSync(at, { recursive: true, mode: 0o700 });
  try {
    mount({ source: file, target: at, type: "erofs", flags: MS_RDONLY });
  } catch (error) {
    if (!isKernelError(error)) throw error;
    run(["mount", "-t", "erofs", "-o", "ro,loop", file, at]); // before Linux 6.12 a device is needed
  }
}

/** Where the metadata of an image is mounted. */
export function imageMount({ run: state }: Engine, commit: string): string {
  return join(state, "images", commit);
}

/** Runs `act` while no other command mounts or unpacks an image. */
export function withImageLock<T>(engine: Engine, act: () => T): T {
  const directory = join(engine.run, "images");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fd = open(directory, O_RDONLY | O_DIRECTORY);
  try {
    flock(fd, "exclusive");
    return act();
  } finally {
    close(fd);
  }
}
