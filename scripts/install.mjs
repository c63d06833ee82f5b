/** Installs what a fresh clone lacks: npm's packages, and Debian's where we may. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { delimiter, isAbsolute, join, relative } from "node:path";
import { bunPath, ROOT } from "./bun.mjs";
import { run } from "./run.mjs";

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
 * Installs the Debian packages that the tasks ("test", "interop", "debian" …) need and the machine lacks.
 * Where that is impossible it says so, and the tests that need them are skipped with their reason.
 */
export function installDebianPackages(...tasks) {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "scripts/debian-packages.json"), "utf8"));
  const lacks = (entry) => entry.tasks.some((task) => tasks.includes(task)) && !isProgram(entry.program);
  const wanted = packages.filter(lacks).map((entry) => entry.package);
  if (wanted.length === 0) return;
  if (process.getuid() !== 0 || !isProgram("apt-get")) {
    console.log(`not installed here: ${wanted.join(" ")}`);
    return;
  }
  if (!isKnown("apt")) aptGet("update");
  const known = wanted.filter(isKnown);
  const unknown = wanted.filter((name) => !isKnown(name));
  if (unknown.length > 0) console.log(`this Debian release has no ${unknown.join(" ")}`);
  if (known.length === 0) return;
  console.log(`installing Debian packages: ${known.join(" ")}`);
  const install = ["install", "--yes", "--no-install-recommends", ...known];
  // A package list that is too old names packages that are gone.
  if (!aptGet(...install) && !(aptGet("update") && aptGet(...install))) console.log("could not install them");
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

/** Whether apt's package lists offer it. */
function isKnown(name) {
  const { stdout } = spawnSync("apt-cache", ["madison", name], { encoding: "utf8" });
  return stdout.trim() !== "";
}

/** Whether a program is in PATH, or a file where it should be. */
function isProgram(name) {
  if (isAbsolute(name)) return existsSync(name);
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
