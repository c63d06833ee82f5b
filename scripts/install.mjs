/** Installs what a fresh clone lacks: npm's packages, and Debian's where we may. */
import { accessSync, constants, existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { bunPath, ROOT } from "./bun.mjs";
import { run, tryRun } from "./run.mjs";

/** `npm ci`, unless node_modules is as new as the lock file. */
export function installNpmPackages() {
  const installed = join(ROOT, "node_modules/.package-lock.json");
  if (!existsSync(bunPath()) || !existsSync(installed) || isNewer(join(ROOT, "package-lock.json"), installed)) {
    run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  }
  // No @oven package has a command; CONTRIBUTING.md and editors expect one.
  const command = join(ROOT, "node_modules/.bin/bun");
  if (!existsSync(command)) symlinkSync(relative(join(command, ".."), bunPath()), command);
}

/**
 * Installs the Debian packages that `task` ("start", "test", "interop" …) needs and the machine lacks.
 * Without root or apt-get it only says so: what needs them is skipped with its reason, or fails with it.
 */
export function installDebianPackages(...tasks) {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "scripts/debian-packages.json"), "utf8"));
  const wanted = packages.filter((entry) => entry.tasks.some((task) => tasks.includes(task)) && !isThere(entry));
  if (wanted.length === 0) return;
  const names = wanted.map((entry) => entry.package);
  if (process.getuid() !== 0 || !isProgram("apt-get")) {
    console.log(`not installed, some things will be skipped: ${names.join(" ")}`);
    return;
  }
  console.log(`installing Debian packages: ${names.join(" ")}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  const install = ["-qq", "-o", "Dpkg::Use-Pty=0", "install", "--yes", "--no-install-recommends"];
  if (tryRun("apt-get", ["-qq", "update"], options) === 0 && aptInstall([...install, ...names], options)) return;
  // One that this release of Debian lacks must not keep the others away.
  const missing = names.filter((name) => !aptInstall([...install, name], options));
  if (missing.length > 0) console.log(`could not install: ${missing.join(" ")}`);
}

function aptInstall(args, options) {
  return tryRun("apt-get", args, { ...options, stdio: ["ignore", "ignore", "inherit"] }) === 0;
}

function isThere(entry) {
  return entry.file === undefined ? isProgram(entry.program) : existsSync(entry.file);
}

function isProgram(name) {
  const directories = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return directories.some((directory) => directory !== "" && isExecutable(join(directory, name)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isNewer(path, than) {
  return statSync(path).mtimeMs > statSync(than).mtimeMs;
}
