/** Small root directories for containers: Debian's static busybox and nothing else. */
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { tempDir } from "./temp.ts";

export const BUSYBOX = "/bin/busybox";

const DIRECTORIES = ["bin", "dev", "etc", "proc", "sys", "tmp"];
const PROGRAMS = ["cat", "echo", "hostname", "id", "kill", "ls", "mount", "ps", "sh", "sleep", "stat", "true"];

/** A new root directory with a shell, a few programs and `programs` in /bin. */
export function busyboxRoot(programs: readonly string[] = []): string {
  const root = join(tempDir(), "rootfs");
  mkdirSync(root);
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory));
  copyFileSync(BUSYBOX, join(root, "bin/busybox"));
  for (const program of [...PROGRAMS, ...programs]) symlinkSync("busybox", join(root, "bin", program));
  return root;
}
