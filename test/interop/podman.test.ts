import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { busyboxRoot } from "../support/busybox.ts";
import { containersUnmet } from "../support/containers.ts";
import { unmet } from "../support/needs.ts";
import { onTerminal, PYTHON } from "../support/on-terminal.ts";
import { suite } from "../support/suite.ts";
import { tempDir } from "../support/temp.ts";

const test = suite("podman on atomic-runtime", containersUnmet() ?? unmet({ programs: ["podman", "conmon", "tar"] }));

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
/** What is asked of every container, where the host may not raise limits and has no network for it. */
const MODEST = ["--ulimit", "nofile=512:512", "--ulimit", "nproc=1000:1000", "--net", "none"];

let podmanWords: string[] = [];

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

function podman(...argv: string[]): Outcome {
  const [program = "", ...words] = [...podmanWords, ...argv];
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8", timeout: 60_000 });
  return { status, stdout, stderr };
}

function succeed(...argv: string[]): string {
  const { status, stdout, stderr } = podman(...argv);
  assert.is(status, 0, stderr);
  return stdout;
}

test.before(() => {
  const scratch = tempDir();
  const runtime = join(scratch, "atomic-runtime");
  writeFileSync(runtime, `#!/bin/bash\nexec -a atomic-runtime '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o755 });
  const [store, run] = [join(scratch, "store"), join(scratch, "run")];
  mkdirSync(run);
  podmanWords = ["podman", "--root", store, "--runroot", run, "--storage-driver", "vfs"];
  podmanWords.push("--cgroup-manager", "cgroupfs", "--runtime", runtime);
  const [root, tar] = [busyboxRoot(["stty", "tty", "touch"]), join(scratch, "root.tar")];
  assert.is(spawnSync("tar", ["-C", root, "-cf", tar, "."]).status, 0);
  succeed("import", "--quiet", tar, "box");
});
test.after(() => {
  if (podmanWords.length > 0) podman("rm", "--all", "--force", "--time", "0");
});

test("runs a container to its end", () => {
  const { status, stdout } = podman("run", "--rm", ...MODEST, "box", "sh", "-c", "id; echo $$; exit 3");
  assert.equal([status, stdout], [3, "uid=0 gid=0\n1\n"]);
});

test("leaves one in the background, runs programs in it, pauses and stops it", () => {
  const script = 'trap "echo bye; exit 7" TERM; echo out; echo err >&2; touch /ready; while :; do sleep 0.2; done';
  succeed("run", "--detach", "--name", "web", "--hostname", "web", ...MODEST, "box", "sh", "-c", script);
  assert.equal(podman("exec", "web", "sh", "-c", "hostname; exit 5"), { status: 5, stdout: "web\n", stderr: "" });
  assert.is(
    succeed("exec", "--user", "5:6", "--workdir", "/tmp", "--env", "A=b", "web", "sh", "-c", "id; echo $A"),
    "uid=5 gid=6\nb\n",
  );
  succeed("pause", "web");
  assert.is(succeed("inspect", "web", "--format", "{{.State.Status}}"), "paused\n");
  succeed("unpause", "web");
  while (podman("exec", "web", "ls", "/ready").status !== 0);
  succeed("stop", "web");
  assert.is(succeed("inspect", "web", "--format", "{{.State.Status}} {{.State.ExitCode}}"), "exited 7\n");
  const { stdout, stderr } = podman("logs", "web");
  assert.equal([stdout, stderr], ["out\nbye\n", "err\n"]);
  succeed("rm", "web");
  assert.is(succeed("ps", "--all", "--quiet"), "");
});

test.needs({ files: [PYTHON] })("gives containers and programs in them a terminal", () => {
  const env = { HOME: tempDir() };
  const run = ["run", "--rm", "--interactive", "--tty", ...MODEST, "box", "sh"];
  const { shown, status } = onTerminal([...podmanWords, ...run], [{ shows: "# ", types: "tty; exit 4\r" }], env);
  assert.match(shown, /\/dev\/pts\/0\r\n/);
  assert.is(status, 4);
  succeed("run", "--detach", "--name", "there", ...MODEST, "box", "sleep", "1000");
  const exec = onTerminal([...podmanWords, "exec", "--interactive", "--tty", "there", "tty"], [], env);
  assert.match(exec.shown, /\/dev\/pts\/0\r\n/);
});

test("says what a program lacks in the words of the runtime", () => {
  const { status, stderr } = podman("run", "--rm", ...MODEST, "box", "nosuch");
  assert.match(stderr, /looking for nosuch: no such file or directory/);
  assert.is(status, 127);
});
