/** Files that exist only in memory and that nobody can change. Spec: memfd_create(2), fcntl(2) */
import { failure } from "./errno.ts";
import { close, write } from "./files.ts";
import { cFunction, lastErrno } from "./libc.ts";
import { cString } from "./path.ts";

const memfdCreate = cFunction<[Uint8Array, number]>("int memfd_create(const void *, unsigned int)");
const fcntl = cFunction<[number, number, number]>("int fcntl(int, int, int)");

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const EINVAL = 22;
const F_ADD_SEALS = 1033;
/** SEAL, SHRINK, GROW, WRITE */
const ALL_SEALS = 0xf;

/**
 * An executable file in memory with this content, open and close-on-exec; no process can write to it any more, whoever
 * opens it through /proc.
 * @throws KernelError unsupported where the host forbids executable memory files, and others
 */
export function sealedMemfd(name: string, content: Uint8Array): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  let fd = memfdCreate(cString(name), flags | MFD_EXEC);
  if (fd < 0 && lastErrno() === EINVAL) fd = memfdCreate(cString(name), flags); // before Linux 6.3
  if (fd < 0) throw failure("making a file in memory", { feature: "memfd_create", codes: { EACCES: "unsupported" } });
  try {
    write(fd, content);
    if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0) throw failure("sealing", { fd });
  } catch (error) {
    close(fd);
    throw error;
  }
  return fd;
}
