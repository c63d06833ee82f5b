/** A container's root: the image's tree from the store, read-only, under a layer of its own. */
import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  close,
  isKernelError,
  MNT_DETACH,
  mount,
  O_DIRECTORY,
  O_PATH,
  open,
  umount,
  withFd,
} from "../../linux/index.ts";
import { type IdMaps, outsideRoot } from "../ids/id-maps.ts";
import { compileMappedCopy } from "../launch/mapped-copy.ts";
import { startLaunch } from "../launch/start.ts";
import { imageMount, openImage, releaseImage } from "./image-mount.ts";
import { plainImage } from "./plain-image.ts";
import { bundleDirectory, dataDirectory, type Engine } from "./place.ts";
import type { NamedContainer } from "./record.ts";

/**
 * Mounts the root of a container in its bundle, where it stays mounted until the container is removed.
 * @returns where @throws AtomicError unsupported, no-space, not-found
 */
export function mountRoot(engine: Engine, { name, id, commit, idMaps, labels }: NamedContainer): string {
  const target = rootOf(engine, id);
  if (isMounted(target)) return target;
  const own = dataDirectory(engine, name);
  const { disk } = engine.repo;
  disk.ensureDirectory(engine.data, 0o700);
  disk.ensureDirectory(own, 0o700);
  for (const layer of ["upper", "work"]) disk.ensureDirectory(join(own, layer), 0o755);
  // Its own directory stands for the root's: who owns that owns `/`.
  if (idMaps !== undefined) disk.setMetadata(join(own, "upper"), outsideRoot(idMaps) ?? {});
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const overlay = (lower: string, options: string) =>
    mount({
      source: `atomic:${name}`,
      target,
      type: "overlay",
      data: `lowerdir=${lower},upperdir=${own}/upper,workdir=${own}/work,${options}${contextOption(labels?.mount)}`,
    });
  if (engine.userIds !== undefined) {
    const tree = open(plainImage(engine, commit, idMaps), O_PATH | O_DIRECTORY);
    withFd(tree, () => overlay(`/proc/self/fd/${tree}`, "userxattr"));
    return target;
  }
  const lower = openLower(engine, { commit, id, idMaps });
  const objects = open(join(engine.repo.path, "objects"), O_PATH | O_DIRECTORY);
  const attempt = (separator: string) =>
    overlay(`/proc/self/fd/${lower}${separator}/proc/self/fd/${objects}`, "metacopy=on,redirect_dir=on");
  try {
    attempt("::");
  } catch (error) {
    if (!isKernelError(error, "EINVAL")) throw error;
    attempt(":"); // before Linux 6.5 the objects are an ordinary layer
  } finally {
    close(lower);
    close(objects);
    if (idMaps !== undefined) umount(mappedImage(engine, id), MNT_DETACH);
  }
  return target;
}

/** Undoes `mountRoot`; what the container wrote stays. */
export function unmountRoot(engine: Engine, { id, commit }: NamedContainer): void {
  const target = rootOf(engine, id);
  try {
    umount(target, MNT_DETACH);
  } catch (error) {
    if (!isKernelError(error, "EINVAL", "ENOENT")) throw error;
  }
  if (existsSync(target)) rmdirSync(target);
  if (engine.userIds === undefined) releaseImage(engine, commit, id);
}

interface Lower extends Pick<NamedContainer, "commit" | "id"> {
  idMaps: IdMaps | undefined;
}

/** The image's metadata; for a user namespace a mount of it whose files have the owners that namespace knows. */
function openLower(engine: Engine, { commit, id, idMaps }: Lower): number {
  const image = openImage(engine, commit, id);
  if (idMaps === undefined) return image;
  const target = mappedImage(engine, id);
  mkdirSync(target, { recursive: true, mode: 0o700 });
  try {
    const source = imageMount(engine, commit);
    const { failure } = startLaunch(compileMappedCopy({ source, target, maps: idMaps }), [0, 1, 2]);
    if (failure === undefined) return open(target, O_PATH | O_DIRECTORY);
    throw new AtomicError("unsupported", `giving the container its own user IDs: ${failure.message}`, {
      hint: "atomic run --userns=host IMAGE",
      cause: failure,
    });
  } finally {
    close(image);
  }
}

/** One label for all files of the container: those of an image have none that the host's policy knows. */
function contextOption(label: string | undefined): string {
  return label === undefined ? "" : `,context="${label}"`;
}

/** Only while the root is being mounted: overlayfs keeps it by itself. */
function mappedImage(engine: Engine, id: string): string {
  return join(bundleDirectory(engine, id), "image");
}

function rootOf(engine: Engine, id: string): string {
  return join(bundleDirectory(engine, id), "rootfs");
}

/** Whether something is mounted on a directory; false without it. */
function isMounted(path: string): boolean {
  const [here, above] = [path, dirname(path)].map((one) => statSync(one, { throwIfNoEntry: false })?.dev);
  return here !== undefined && here !== above;
}
