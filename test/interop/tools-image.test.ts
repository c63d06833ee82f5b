/** The tools image, assembled of Debian's packages without a builder of containers, and what it sees of the host. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { machineAptSources } from "../../src/deploy/index.ts";
import { run } from "../../src/spawn.ts";
import { cli, type CliResult } from "../support/cli.ts";
import { unmet } from "../support/needs.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/tools-image.ts");
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** Fewer than the image has, so that it takes half a minute. */
const PACKAGES = ["iproute2", "procps"];

const missing =
  unmet({ root: true, mounts: true, programs: ["mmdebstrap"], files: [KEYRING, "/sys/fs/cgroup"] }) ??
  (machineAptSources().length === 0 ? "needs a Debian mirror in the apt sources" : undefined);
const test = suite("interop/tools-image", missing);

let env: Record<string, string> = {};
const atomic = (...argv: string[]): CliResult => cli(argv, env);
const tools = (script: string): CliResult => atomic("run", "--spc", "--rm", "tools", "sh", "-c", script);

test.before(() => {
  const scratch = tempDir();
  env = { ATOMIC_SYSROOT: join(scratch, "sysroot"), ATOMIC_RUN: join(scratch, "run") };
  mkdirSync(env["ATOMIC_SYSROOT"]!);
  run([process.execPath, SCRIPT, join(scratch, "layout"), ...PACKAGES]);
  assert.is(atomic("host", "init").status, 0);
  const { status, stderr } = atomic("pull", `oci:${join(scratch, "layout")}`, "--name", "tools");
  assert.is(status, 0, stderr);
});

test("runs Debian's programs on the host's processes, network and files", () => {
  const marker = join(tempDir(), "marker");
  writeFileSync(marker, "of the host");
  const { stdout, stderr } = tools(`ps -o args= -p ${process.pid}; ip -o link; cat /host${marker}; ls /bin/apt`);
  const own = readFileSync(`/proc/${process.pid}/cmdline`, "utf8").split("\0")[0]!;
  assert.ok(stdout.startsWith(own), stderr);
  for (const [, device] of readFileSync("/proc/net/dev", "utf8").matchAll(/^ *(\S+):/gm))
    assert.match(stdout, new RegExp(`^\\d+: ${device}[:@]`, "m"));
  assert.match(stdout, /of the host/);
});

test("mends the host's files, and leaves its own behind", () => {
  const made = join(tempDir(), "made");
  assert.is(tools(`echo mended > /host${made}; echo lost > /made`).status, 0);
  assert.is(readFileSync(made, "utf8"), "mended\n");
  assert.not(existsSync("/made"));
});

test("says by its label what it wants of the host, and gets it when somebody agrees", () => {
  assert.match(
    atomic("run", "tools").stderr,
    /--privileged[^]*--network=host[^]*--pid=host[^]*the host's \/ on \/host/,
  );
  assert.match(atomic("info", "tools").stdout, /^summary: Debian's tools/m);
});
