/** Installs a Debian base into a directory with mmdebstrap(1), and runs its own programs there. Needs root. */
import { existsSync } from "node:fs";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { run } from "../../spawn.ts";
import type { ComposeFile } from "./file.ts";
import { kernelVersion } from "./kernel.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PROXIES = ["http_proxy", "https_proxy", "no_proxy"];
const CREDENTIALS = /(?<=:\/\/)[^\s/]*@/;

/** What apt says when a mirror fails us, and what it means. */
const PROBLEMS: readonly { said: RegExp; means: (detail: string) => string }[] = [
  {
    said: /could not resolve|temporary failure|could not connect|unable to connect|connection (failed|timed out)|network is unreachable/i,
    means: () => "cannot be reached",
  },
  { said: /Unable to locate package (\S+)/, means: (name) => `has no package ${name}` },
  {
    said: /The repository '[^']* ([^ ']+) Release' does not have a Release file/,
    means: (name) => `has no suite ${name}`,
  },
];

/** The command that installs `packages` from `sources` (`deb` lines) into the new directory `root`. */
export function mmdebstrapCommand(
  root: string,
  suite: string,
  packages: readonly string[],
  sources: readonly string[],
): string[] {
  return [
    "mmdebstrap",
    "--mode=root",
    "--variant=apt",
    "--format=directory",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...(packages.length > 0 ? [`--include=${packages.join(",")}`] : []),
    suite,
    root,
    ...sources,
  ];
}

/** @throws AtomicError not-found unless the archive's keys are on this machine */
export function checkKeyring(path: string): void {
  if (existsSync(path)) return;
  throw new AtomicError("not-found", `looking for the archive's keys: ${path} does not exist`, {
    hint: "apt-get install debian-archive-keyring",
  });
}

/**
 * Installs the packages of a compose file. The initramfs is left out: it is made once, when all files are in place.
 * @throws AtomicError not-found without mmdebstrap or keyring, child-failed when the mirror or a package fails
 */
export function installDebian(root: string, file: ComposeFile, suite: string, sources: readonly string[]): void {
  try {
    const env = { ...environment(file.timestamp), INITRD: "No" };
    run(mmdebstrapCommand(root, suite, file.packages, sources), { env, package: "mmdebstrap" });
  } catch (error) {
    throw explain(error, suite, sources);
  }
}

/** Enables, disables and masks units with the tree's own systemctl. @throws AtomicError child-failed on an unknown unit */
export function setUnits(root: string, { units, timestamp }: ComposeFile): void {
  for (const verb of ["enable", "disable", "mask"] as const) {
    if (units[verb].length > 0) runInside(root, ["systemctl", verb, "--", ...units[verb]], timestamp);
  }
}

/** Makes the initramfs with the tree's own initramfs-tools. It sees nothing of this machine, and is reproducible. */
export function makeInitramfs(root: string, timestamp: number): void {
  const kver = kernelVersion(root);
  runInside(root, ["mkinitramfs", "-o", `/boot/initrd.img-${kver}`, kver], timestamp);
}

function runInside(root: string, argv: readonly string[], timestamp: number): void {
  run(["chroot", root, ...argv], { env: environment(timestamp) });
}

/** Nothing of the caller's environment reaches maintainer scripts but the proxies. */
function environment(timestamp: number): Record<string, string> {
  const proxies = PROXIES.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  return {
    ...Object.fromEntries(proxies),
    PATH,
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    DEBIAN_FRONTEND: "noninteractive",
    SOURCE_DATE_EPOCH: String(timestamp),
  };
}

/** Puts what is likely to go wrong in one line. Anything else is told in mmdebstrap's own last words. */
function explain(error: unknown, suite: string, sources: readonly string[]): unknown {
  if (!isAtomicError(error, "child-failed")) return error;
  const problem = PROBLEMS.find(({ said }) => said.test(error.message));
  if (problem === undefined) return error;
  const mirror = /\] (\S+)/.exec(sources[0] ?? "")?.[1]?.replace(CREDENTIALS, "") ?? "";
  const message = `installing ${suite}: the mirror ${mirror} ${problem.means(problem.said.exec(error.message)?.[1] ?? "")}`;
  return new AtomicError("child-failed", message, {
    cause: error,
    hint: "atomic compose FILE.yaml --set debian.mirror=URL",
  });
}
