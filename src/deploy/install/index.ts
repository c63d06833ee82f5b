/** Installing a host to a disk or to mounted filesystems. */
export { DISK_FORMATS, type DiskOptions, type DiskResult, installToDisk } from "./install-to-disk.ts";
export { type FilesystemOptions, installToFilesystem } from "./install-to-filesystem.ts";
export type { InstallOptions } from "./install-host.ts";
export { parseSize } from "./parse-size.ts";
