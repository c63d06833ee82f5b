/** A sysroot with images to run, and a state directory of its own. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { namedStatus, openEngine, readContainerLog, readNamed } from "../../../src/containers/index.ts";
import { createDurable } from "../../../src/durable.ts";
import { MNT_DETACH, umount } from "../../../src/linux/index.ts";
import { openRepo } from "../../../src/ostree/index.ts";
import { BUSYBOX } from "../../support/busybox.ts";
import { writeBusyboxImage } from "../../support/busybox-image.ts";
import { cli, type CliResult, cliJson } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { tempDir } from "../../support/temp.ts";

/** Why containers of images cannot be run here. */
export function namedUnmet(programs: readonly string[] = []): string | undefined {
  return unmet({ root: true, mounts: true, programs, files: [BUSYBOX, "/sys/fs/cgroup/memory/cgroup.procs"] });
}

export interface Listed {
  name: string;
  status: string;
  exitCode: number | null;
}

export interface Fixture {
  sysroot: string;
  /** The state directory. */
  run: string;
  env: Record<string, string>;
  atomic(...argv: string[]): CliResult;
  /** All containers. */
  list(): Listed[];
  /** The state of one, and how many lines it printed, without running a command. */
  look(name: string): { status: string; lines: number };
  /** Unmounts what containers have mounted, as a reboot would. */
  unmountAll(): void;
  /** Removes every container. */
  clear(): void;
}

/** @param images labels of images, all of busybox and `programs`, by name */
export function namedFixture(images: Record<string, Record<string, string>>, programs: readonly string[]): Fixture {
  const scratch = tempDir();
  const [sysroot, run] = [join(scratch, "sysroot"), join(scratch, "run")];
  mkdirSync(sysroot);
  const env = { ATOMIC_SYSROOT: sysroot, ATOMIC_RUN: run };
  const atomic = (...argv: string[]) => cli(argv, env);
  succeed(atomic("host", "init"));
  for (const [name, labels] of Object.entries(images)) {
    const layout = join(scratch, name);
    writeBusyboxImage(layout, programs, labels);
    succeed(atomic("pull", `oci:${layout}`, "--name", name));
  }
  const list = () => {
    const all = cliJson(["ps", "--all"], env).json as Listed[];
    return all.map(({ name, status, exitCode }) => ({ name, status, exitCode }));
  };
  const unmountAll = () => {
    const mounted = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
    const points = mounted.map((line) => line.split(" ")[4] ?? "").filter((path) => path.startsWith(`${run}/`));
    for (const path of points.toReversed()) umount(path, MNT_DETACH);
  };
  const clear = () => {
    for (const { name } of list()) atomic("rm", "--force", name);
  };
  const look = (name: string) => {
    const engine = openEngine(sysroot, openRepo(join(sysroot, "atomic/repo"), createDurable()), run);
    const container = readNamed(engine, name);
    const text = Buffer.concat(readContainerLog(engine, container).map(({ bytes }) => bytes)).toString();
    return { status: namedStatus(engine, container).status, lines: text.split("\n").length - 1 };
  };
  return { sysroot, run, env, atomic, list, look, unmountAll, clear };
}

function succeed({ status, stderr }: CliResult): void {
  if (status !== 0) throw new Error(stderr);
}
