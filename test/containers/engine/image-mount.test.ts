import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { writeLayout } from "../../oci/layout-builder.ts";
import { BUSYBOX } from "../../support/busybox.ts";
import { cli, type CliResult, cliJson } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const missing = unmet({ root: true, mounts: true, files: [BUSYBOX, "/sys/fs/cgroup"] });
const test = suite("images of containers", missing);

let env: Record<string, string> = {};
const atomic = (...argv: string[]): CliResult => cli(argv, env);

test.before(() => {
  const scratch = tempDir();
  env = { ATOMIC_SYSROOT: join(scratch, "sysroot"), ATOMIC_RUN: join(scratch, "run") };
  mkdirSync(env["ATOMIC_SYSROOT"]!);
  const names = ["bin", "dev", "etc", "proc", "sys", "tmp"];
  const layer = [
    ...names.map((name) => ({ name, flag: "5", mode: 0o755 })),
    { name: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...["cat", "echo", "sh", "sleep"].map((name) => ({ name: `bin/${name}`, flag: "2", target: "busybox" })),
    { name: "etc/motd", content: Buffer.from("welcome\n"), mode: 0o644 },
  ];
  assert.is(atomic("host", "init").status, 0);
  const layout = join(scratch, "layout");
  writeLayout(layout, { layers: [layer], tag: "latest", run: { Env: ["PATH=/bin"], Cmd: ["cat", "/etc/motd"] } });
  assert.is(atomic("pull", `oci:${layout}`, "--name", "box").status, 0);
});

function mounted(): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .filter((line) => line.includes(env["ATOMIC_RUN"]!) && / - erofs /.test(line));
}

test("an image is mounted once for all its containers, as long as there are any", () => {
  assert.equal(mounted(), []);
  for (const name of ["one", "two"]) assert.is(atomic("run", `--name=${name}`, "box").stdout, "welcome\n");
  assert.is(mounted().length, 1);
  assert.is(atomic("rm", "one").status, 0);
  assert.is(mounted().length, 1);
  assert.is(atomic("start", "two").status, 0);
  assert.is(atomic("rm", "-f", "two").status, 0);
  assert.equal(mounted(), []);
  assert.equal(readdirSync(join(env["ATOMIC_RUN"]!, "images")), []);
});

test("a container that cannot be started leaves no image mounted", () => {
  assert.is.not(atomic("run", "--rm", "box", "nosuch").status, 0);
  assert.equal(mounted(), []);
});

test("pruning keeps what a container needs, though its image has no name any more", () => {
  assert.is(atomic("run", "--name=kept", "box").status, 0);
  assert.is(atomic("rmi", "box").status, 0);
  const files = join(env["ATOMIC_SYSROOT"]!, "atomic/containers/.images");
  for (const verb of [
    ["repo", "prune"],
    ["host", "cleanup"],
  ]) {
    assert.is(atomic(...verb).status, 0);
    assert.is(readdirSync(files).length, 1);
    assert.is(atomic("start", "kept").status, 0);
    assert.is(atomic("wait", "kept").stdout, "0\n");
    assert.match(atomic("logs", "kept").stdout, /^(welcome\n)+$/);
  }
  assert.is(atomic("rm", "-f", "kept").status, 0);
  assert.is(atomic("repo", "prune").status, 0);
  assert.equal(readdirSync(files), []);
  const { json } = cliJson(["repo", "prune", "--dry-run"], env);
  assert.is((json as { kept: number }).kept, 0);
  assert.ok(existsSync(files));
});
