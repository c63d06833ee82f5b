/** Mounting and unmounting. Spec: mount(2), umount2(2) */
import type { Text } from "../bytes.ts";
import { failure } from "./errno.ts";
import { cFunction } from "./libc.ts";
import type { PathArg } from "./path.ts";
import { cString } from "./path.ts";

const mountCall = cFunction<[Uint8Array | null, Uint8Array, Uint8Array | null, number, Uint8Array | null]>(
  "int mount(const void *, const void *, const void *, unsigned long, const void *)",
);
const umountCall = cFunction<[Uint8Array, number]>("int umount2(const void *, int)");

export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_REMOUNT = 0x20;
export const MS_BIND = 0x1000;

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

export interface MountRequest {
  /** Device, directory of a bind mount, or the name to show for a filesystem without either. */
  source?: PathArg;
  target: PathArg;
  /** Filesystem type; none for a bind mount or a change of flags. */
  type?: Text;
  /** `MS_*`. */
  flags?: number;
  /** The filesystem's own comma-separated options. */
  data?: PathArg;
}

/** Mounts. @throws KernelError permission; unsupported when the kernel lacks the filesystem type; and others */
export function mount(request: MountRequest): void {
  const { source, target, type, data } = request;
  if (mountCall(optional(source), cString(target), optional(type), request.flags ?? 0, optional(data)) === 0) return;
  throw failure(type === undefined ? "mounting" : `mounting ${type} on`, {
    path: target,
    feature: `mounting ${type ?? "this"}`,
    codes: { ENODEV: "unsupported" },
  });
}

/** Unmounts. @param flags `MNT_*`, `UMOUNT_*` @throws KernelError conflict when it is in use, and others */
export function umount(target: PathArg, flags = 0): void {
  if (umountCall(cString(target), flags) < 0) throw failure("unmounting", { path: target });
}

function optional(value: PathArg | undefined): Uint8Array | null {
  return value === undefined ? null : cString(value);
}
