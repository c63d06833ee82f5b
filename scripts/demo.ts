/**
 * The demonstration behind `npm start`: one host's life from the first commit to a rollback, on a sysroot made for it.
 *
 * Every line after a `$` is a real command of dist/bin/atomic and what it prints. With `--debian` the trees are composed
 * from Debian's release suite and from its updates; otherwise they are the small ones of images/demo.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyDirSync, ensureDirSync } from "fs-extra/esm";

const SYSROOT = process.env["ATOMIC_DEMO"] ?? "/var/tmp/atomic-demo/sysroot";
const ATOMIC = join(import.meta.dirname, "../dist/bin/atomic");
/** Two versions of a host image, and an edit of `/etc` that the second one contradicts. */
const IMAGES = process.argv.includes("--debian")
  ? {
      first: "images/host/debian.yaml",
      second: "images/host/debian-updates.yaml",
      ref: "debian/bookworm/x86_64",
      conflict: {
        name: "ca-certificates.conf",
        pattern: /^mozilla\/Comodo_AAA_Services_root.crt$/m,
        line: "!mozilla/Comodo_AAA_Services_root.crt",
      },
    }
  : {
      first: "images/demo/v1.yaml",
      second: "images/demo/v2.yaml",
      ref: "demo/host/x86_64",
      conflict: { name: "motd", pattern: /^.*$/m, line: "Property of the operations team." },
    };

if (process.env["ATOMIC_DEMO_NAMESPACE"] === undefined) {
  process.exitCode = inPrivateMountNamespace();
} else {
  demonstrate();
}

/** Runs this program again where its mounts are its own and vanish with it. */
function inPrivateMountNamespace(): number {
  const argv = ["--mount", "--propagation", "private", process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, ATOMIC_DEMO_NAMESPACE: "1" };
  return spawnSync("unshare", argv, { env, stdio: "inherit" }).status ?? 1;
}

function demonstrate(): void {
  emptyDirSync(SYSROOT);

  say("A new sysroot, and a first host tree stored by content.");
  atomic("host", "init", "--stateroot", "os");
  atomic("compose", IMAGES.first);
  atomic("repo", "log", IMAGES.ref);
  say("Deployed: mounted straight from the store, with its own /etc and a boot entry.");
  atomic("host", "deploy", IMAGES.ref);
  atomic("host", "status");

  say("The operator edits /etc. One edit will merge with the next image, the other cannot.");
  edit("ssh/sshd_config", /^#?Port .*/m, "Port 2222");
  const { name, pattern, line } = IMAGES.conflict;
  edit(name, pattern, line);

  say("The next version of the image is published.");
  atomic("compose", IMAGES.second);
  say("What would an upgrade do? Then do it.");
  atomic("host", "upgrade", "--check");
  atomic("host", "upgrade");
  atomic("host", "status");
  atomic("host", "diff");
  atomic("host", "etc");

  say("The new host as it would boot: /usr is read-only because it is an image, /etc is writable.");
  const root = join(SYSROOT, "../mounted");
  ensureDirSync(root);
  atomic("host", "mount", "0", root);
  shell(`touch ${root}/usr/bin/planted`, "Read-only file system");
  shell(`touch ${root}/etc/written && ls -l ${root}/etc/written`);
  shell(`grep '^Port' ${root}/etc/ssh/sshd_config; grep -F '${line}' ${root}/etc/${name}; ls ${root}/etc/${name}*`);
  atomic("host", "unmount", root);

  say("And back.");
  atomic("host", "rollback");
  atomic("host", "status");
  atomic("host", "history");
  atomic("repo", "fsck");
  say(`The sysroot is yours to explore: ${ATOMIC} host status --sysroot ${SYSROOT}`);
}

function say(text: string): void {
  console.log(`\n# ${text}`);
}

function atomic(...args: string[]): string {
  console.log(`\n$ atomic ${args.join(" ")}`);
  return execute([ATOMIC, ...args], 0);
}

/** @param expected text the command must fail with; it must succeed if left out */
function shell(command: string, expected?: string): void {
  console.log(`\n$ ${command}`);
  const output = execute(["sh", "-c", command], expected === undefined ? 0 : 1);
  if (expected !== undefined && !output.includes(expected)) throw new Error(`expected "${expected}" from: ${command}`);
}

function execute(argv: string[], status: number): string {
  const env = { ...process.env, ATOMIC_SYSROOT: SYSROOT };
  const [program = "", ...args] = argv;
  const result = spawnSync("sh", ["-c", 'exec "$@" 2>&1', "sh", program, ...args], { env, encoding: "utf8" });
  process.stdout.write(result.stdout);
  if (result.status !== status) {
    throw new Error(`${argv.join(" ")}: expected status ${status}, found ${result.status ?? result.signal}`);
  }
  return result.stdout;
}

/** Replaces the first match in a file of the only deployment's /etc, or adds the line. */
function edit(name: string, pattern: RegExp, line: string): void {
  const path = join(deployedEtc(), name);
  const text = readFileSync(path, "utf8");
  if (pattern.test(text)) writeFileSync(path, text.replace(pattern, line));
  else appendFileSync(path, `${line}\n`);
  console.log(`\n$ sed -i … /etc/${name}\n  ${line}`);
}

function deployedEtc(): string {
  const { stdout } = spawnSync(ATOMIC, ["host", "status", "--json", "--sysroot", SYSROOT], { encoding: "utf8" });
  const { deployments } = JSON.parse(stdout) as { deployments: { id: string; stateroot: string }[] };
  const { id, stateroot } = deployments[0]!;
  return join(SYSROOT, "atomic/deploy", stateroot, "deploy", id, "etc");
}
