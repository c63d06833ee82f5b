/** Filesystems that are mounted nowhere yet. Spec: fsopen(2), fsconfig(2), fsmount(2) */
import { close } from "./files.ts";
import { failure } from "./errno.ts";
import { FSCONFIG_CMD_CREATE, FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING } from "./launch/constants.ts";
import { cFunction } from "./libc.ts";
import { cString } from "./path.ts";

const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;
const CLOEXEC = 1;
const fsopen = cFunction<[number, Uint8Array, number]>("long syscall(long, const void *, unsigned int)");
const fsconfig = cFunction<[number, number, number, Uint8Array | null, Uint8Array | null, number]>(
  "long syscall(long, int, unsigned int, const void *, const void *, int)",
);
const fsmount = cFunction<[number, number, number, number]>("long syscall(long, int, unsigned int, unsigned int)");

export interface NewMount {
  type: string;
  /** `KEY=VALUE` or `KEY` each. */
  options: readonly string[];
  /** `MOUNT_ATTR_*`. */
  attributes: number;
}

/**
 * Makes a filesystem and returns a descriptor of its root; it is gone when that is closed and it was attached nowhere.
 * @throws KernelError unsupported when the kernel lacks the type, permission, and others
 */
export function newMount({ type, options, attributes }: NewMount): number {
  const doing = `making a filesystem of type ${type}`;
  const fs = fsopen(SYS_fsopen, cString(type), CLOEXEC);
  if (fs < 0) throw failure(doing, { feature: type, codes: { ENODEV: "unsupported" } });
  try {
    for (const option of options) {
      const at = option.indexOf("=");
      const key = cString(at < 0 ? option : option.slice(0, at));
      const value = at < 0 ? null : cString(option.slice(at + 1));
      const command = value === null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      if (fsconfig(SYS_fsconfig, fs, command, key, value, 0) < 0) throw failure(`${doing} with ${option}`);
    }
    if (fsconfig(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, null, null, 0) < 0) throw failure(doing);
    const root = fsmount(SYS_fsmount, fs, CLOEXEC, attributes);
    if (root < 0) throw failure(doing);
    return root;
  } finally {
    close(fs);
  }
}
