/**
 * Enabling and reading fs-verity, by which the kernel checks every read of a file.
 * Spec: https://docs.kernel.org/filesystems/fsverity.html, ioctl numbers from linux/fsverity.h
 */
import type { Checksum } from "../digest.ts";
import { checksumFromBytes } from "../digest.ts";
import { failure } from "./errno.ts";
import { cFunction, interrupted } from "./libc.ts";

const ioctl = cFunction<[number, number, Uint8Array]>("int ioctl(int, unsigned long, void *)");

const FS_IOC_ENABLE_VERITY = 0x40806685; // _IOW('f', 133, 128 bytes)
const FS_IOC_MEASURE_VERITY = 0xc0046686; // _IOWR('f', 134, 4 bytes)
const SHA256 = 1;
const SHA256_BYTES = 32;
const BLOCK = 4096;
const FEATURE = "fs-verity";

/**
 * Enables fs-verity (SHA-256, 4096-byte blocks, no salt). The file must be open read-only, by nobody for writing.
 * @throws KernelError unsupported when the kernel or filesystem lacks it, exists when it is enabled, conflict when a
 * writer has the file open, and others
 */
export function enableVerity(fd: number): void {
  // struct fsverity_enable_arg: version, hash algorithm, block size, salt size, then zeros
  const argument = new Uint32Array(32);
  argument.set([1, SHA256, BLOCK, 0]);
  let result: number;
  do result = ioctl(fd, FS_IOC_ENABLE_VERITY, new Uint8Array(argument.buffer));
  while (result < 0 && interrupted());
  if (result < 0) throw failure("enabling fs-verity on", { fd, feature: FEATURE });
}

/**
 * The fs-verity digest the kernel enforces for an open file.
 * @throws KernelError not-found when fs-verity is not enabled on it, unsupported when it is lacking or not SHA-256, and
 * others
 */
export function measureVerity(fd: number): Checksum {
  // struct fsverity_digest: algorithm u16, size u16 (in: room, out: length), digest
  const digest = Buffer.alloc(4 + SHA256_BYTES);
  digest.writeUInt16LE(SHA256_BYTES, 2);
  if (ioctl(fd, FS_IOC_MEASURE_VERITY, digest) < 0)
    throw failure("measuring fs-verity of", { fd, feature: FEATURE, codes: { EOVERFLOW: "unsupported" } });
  if (digest.readUInt16LE(0) !== SHA256)
    throw failure("measuring fs-verity of", { fd, feature: "its digest algorithm", errno: "EOPNOTSUPP" });
  return checksumFromBytes(digest.subarray(4));
}
