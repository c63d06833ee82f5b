/** Device nodes below the container's /dev. Spec: OCI runtime, config-linux.md, "Default Devices", "Dev symbolic links" */
import { posix } from "node:path";
import {
  AT_FDCWD,
  EEXIST,
  encodeDevice,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLONE,
  RESOLVE_NO_SYMLINKS,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  type Slot,
} from "../../linux/index.ts";
import type { Device } from "../spec/linux.ts";
import { attach, closeFd, openIn, tolerate } from "./calls.ts";
import type { LaunchContext } from "./context.ts";
import { inContainer, makeDirectories, openTarget } from "./targets.ts";

const DEFAULT_DEVICES: readonly Device[] = (
  [
    ["null", 1, 3],
    ["zero", 1, 5],
    ["full", 1, 7],
    ["random", 1, 8],
    ["urandom", 1, 9],
    ["tty", 5, 0],
  ] as const
).map(([name, major, minor]) => ({ type: "c", path: `/dev/${name}`, major, minor, fileMode: 0o666 }));

const LINKS = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
] as const;

const TYPES = { c: S_IFCHR, u: S_IFCHR, b: S_IFBLK, p: S_IFIFO } as const;
const DEFAULT_MODE = 0o666;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** A device of the host to mount, where nodes cannot be made: its detached mount. */
export interface HostDevice {
  device: Device;
  tree: Slot;
}

/** The nodes of a container: those every one has, and the configuration's, which come last and win. */
export function allDevices(configured: readonly Device[]): Device[] {
  const paths = new Set(configured.map(({ path }) => inContainer(path)));
  return [...DEFAULT_DEVICES.filter(({ path }) => !paths.has(inContainer(path))), ...configured];
}

/** On the host's side, for a user namespace, in which nodes cannot be made: the host's nodes, to be mounted. */
export function openHostDevices({ asm }: LaunchContext, devices: readonly Device[]): HostDevice[] {
  return devices.map((device) => {
    asm.step(`opening ${device.path}`);
    const tree = asm.slot();
    asm.call("open_tree", [AT_FDCWD, asm.text(device.path), OPEN_TREE_CLONE | O_CLOEXEC], { store: tree });
    return { device, tree };
  });
}

/** Mounts the host's nodes in their places. */
export function mountDevices({ asm }: LaunchContext, root: Slot, devices: readonly HostDevice[]): void {
  for (const { device, tree } of devices) {
    asm.step(`mounting the device ${device.path}`);
    const target = asm.slot();
    openTarget(asm, root, { path: inContainer(device.path), kind: "file", noSymlinks: true }, target);
    attach(asm, tree, target);
    for (const fd of [tree, target]) closeFd(asm, fd);
  }
}

/** Makes nodes. What is there already is replaced: an image decides nothing about devices. */
export function makeDevices(context: LaunchContext, root: Slot, devices: readonly Device[]): void {
  const { asm } = context;
  let open: { directory: string; parent: Slot } | undefined;
  for (const device of devices) {
    const { path, type, major = 0, minor = 0, fileMode = DEFAULT_MODE, uid = 0, gid = 0 } = device;
    const [directory, name] = [posix.dirname(inContainer(path)), asm.text(posix.basename(path))];
    asm.step(`making the device ${path}`);
    if (open?.directory !== directory) {
      if (open !== undefined) closeFd(asm, open.parent);
      open = { directory, parent: openDirectory(context, root, directory) };
    }
    const { parent } = open;
    asm.call("unlinkat", [parent, name, 0], { onError: "ignore" });
    asm.call("mknodat", [parent, name, TYPES[type] | (fileMode & 0o777), encodeDevice(major, minor)]);
    if (uid !== 0 || gid !== 0) asm.call("fchownat", [parent, name, uid, gid, AT_SYMLINK_NOFOLLOW]);
  }
  if (open !== undefined) closeFd(asm, open.parent);
}

/** The links every container has; one that is there already stays. */
export function makeDeviceLinks(context: LaunchContext, root: Slot, withPtmx: boolean): void {
  const { asm } = context;
  asm.step("making the links in /dev");
  const parent = openDirectory(context, root, "dev");
  for (const [name, target] of LINKS) {
    const [result, done] = [asm.slot(), asm.label("done")];
    const failed = asm.label("failed");
    asm.call("symlinkat", [asm.text(target), parent, asm.text(name)], { store: result, onError: failed, onZero: done });
    asm.place(failed);
    tolerate(context, result, [EEXIST], done);
    asm.place(done);
  }
  if (withPtmx) {
    asm.call("unlinkat", [parent, asm.text("ptmx"), 0], { onError: "ignore" });
    asm.call("symlinkat", [asm.text("pts/ptmx"), parent, asm.text("ptmx")]);
  }
  closeFd(asm, parent);
}

function openDirectory({ asm }: LaunchContext, root: Slot, path: string): Slot {
  const fd = asm.slot();
  makeDirectories(asm, root, path);
  openIn(asm, root, path, { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_NO_SYMLINKS, store: fd });
  return fd;
}
