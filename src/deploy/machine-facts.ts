/** What machine this is, for verbose status. */
import type { Sysroot } from "./sysroot.ts";

export interface FilesystemFacts {
  /** The directory asked about. */
  path: string;
  type: string;
  /** Bytes. */
  size: number;
  available: number;
}
export interface MachineFacts {
  /** As `Debian GNU/Linux 12 (bookworm)`. */
  os: string;
  kernel: string;
  architecture: string;
  /** Bytes. */
  memory: { total: number; available: number };
  /** Those that hold the sysroot and its boot directory, each once. */
  filesystems: FilesystemFacts[];
}

/** Asks the running system, through its own tools; takes about a tenth of a second. */
export async function machineFacts(sysroot: Sysroot): Promise<MachineFacts> {
  const { fsSize, mem, osInfo } = await import("systeminformation");
  const [os, memory, mounted] = await Promise.all([osInfo(), mem(), fsSize()]);
  const holding = (path: string) =>
    mounted
      .filter(({ mount }) => `${path}/`.startsWith(mount === "/" ? "/" : `${mount}/`))
      .toSorted((a, b) => b.mount.length - a.mount.length)
      .slice(0, 1)
      .map(({ mount, type, size, available }) => ({ mount, facts: { path, type, size, available } }));
  const found = [sysroot.path, sysroot.boot].flatMap(holding);
  return {
    os: `${os.distro} ${os.release}${os.codename === "" ? "" : ` (${os.codename})`}`,
    kernel: os.kernel,
    architecture: os.arch,
    memory: { total: memory.total, available: memory.available },
    filesystems: found
      .filter(({ mount }, i) => found.findIndex((other) => other.mount === mount) === i)
      .map(({ facts }) => facts),
  };
}
