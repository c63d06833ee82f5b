/** The verbs of a host, as a script sees them: the life of one host, from its first deployment on. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Checksum } from "../../../src/digest.ts";
import { type Host, makeHost } from "../../deploy/host-fixture.ts";
import { cli, cliJson, type CliResult } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/host", unmet({ root: true }));

let host: Host;
let one: Checksum;
let two: Checksum;
const atomic = (...argv: string[]): CliResult => cli(argv, { ATOMIC_SYSROOT: host.sysroot.path });
const json = (...argv: string[]) => cliJson(argv, { ATOMIC_SYSROOT: host.sysroot.path });
const ok = (...lines: string[]): CliResult => ({
  status: 0,
  stdout: lines.map((line) => `${line}\n`).join(""),
  stderr: "",
});
const failed = (message: string, hint?: string): CliResult => ({
  status: 1,
  stdout: "",
  stderr: `error: ${message}\n${hint === undefined ? "" : `hint: ${hint}\n`}`,
});
const s = (checksum: string): string => checksum.slice(0, 12);
/** A file in the live `/etc` of a deployment. */
const live = (id: string, path: string): string =>
  join(host.sysroot.path, "atomic/deploy/default/deploy", id, "etc", path);
/** The same without what differs from run to run: the age of a commit, and directories' times. */
const steady = ({ stdout, ...rest }: CliResult): CliResult => ({
  ...rest,
  stdout: stdout.replace(/\d+ years? ago/g, "N years ago").replace(/\d+ only in metadata/, "N only in metadata"),
});

test.before(async () => {
  host = await makeHost();
  one = await host.commit("1.0");
});
test.after(() => host.remove());

test("init makes a host, adds a stateroot, and refuses to do either twice", () => {
  const sysroot = join(host.base, "other");
  mkdirSync(sysroot);
  assert.equal(atomic("host", "init", "--sysroot", sysroot), ok(`made stateroot default in ${sysroot}`));
  assert.equal(
    atomic("host", "init", "--sysroot", sysroot),
    failed(`making stateroot default in ${sysroot}: there is one already`, `atomic host status --sysroot ${sysroot}`),
  );
  assert.equal(json("host", "init", "--sysroot", sysroot, "--stateroot", "b").json, { sysroot, stateroot: "b" });
  assert.is(atomic("host", "init", "--sysroot", sysroot, "--stateroot", "../b").status, 2);
});

test("status of an empty host says how to go on", () => {
  assert.equal(atomic("host", "status"), ok("no deployments yet: atomic host deploy SPEC"));
});

test("status without a host fails and says how to make one", () => {
  assert.equal(
    atomic("host", "status", "--sysroot", "/nonexistent"),
    failed("opening sysroot /nonexistent: there is none", "atomic host init --sysroot /nonexistent"),
  );
});

test("deploy makes what boots next", () => {
  assert.equal(atomic("host", "deploy", "os/stable"), ok(`next boot: 1.0 (${s(one)})`));
  assert.equal(
    steady(atomic("host", "status")),
    ok(
      "   INDEX  VERSION  COMMIT        AGE          ORIGIN     STATE",
      `○  0      1.0      ${s(one)}  N years ago  os/stable  pending`,
    ),
  );
});

test("deploy and upgrade have nothing to do a second time", () => {
  const again = atomic("host", "deploy", "os/stable");
  assert.equal(again, { status: 77, stdout: `deploying os/stable: ${one} is what boots next\n`, stderr: "" });
  assert.is(atomic("host", "upgrade").status, 77);
  assert.is(atomic("host", "upgrade", "--check").status, 77);
  const { status, json: answer } = json("host", "upgrade");
  assert.is(status, 77);
  assert.is((answer as { error: { code: string } }).error.code, "nothing-to-do");
});

test("deploy of what is not there fails in one line", () => {
  const { path } = host.sysroot.repo;
  assert.equal(
    atomic("host", "deploy", "os/none"),
    failed(`resolving os/none: no such ref or commit in ${path}`, `atomic repo refs --repo ${path}`),
  );
  assert.is(atomic("host", "deploy", "../../etc/passwd").status, 2);
});

test("upgrade --check and --dry-run say what would happen and change nothing", async () => {
  writeFileSync(live(`${one}.0`, "motd"), "my own\n");
  writeFileSync(live(`${one}.0`, "mine"), "mine\n");
  two = await host.commit("2.0", { "usr/etc/new": "new\n" });
  assert.equal(
    steady(atomic("host", "upgrade", "--check")),
    ok(
      `update of os/stable: 1.0 (${s(one)}) → 2.0 (${s(two)})`,
      "built N years ago",
      "takes 37 B in /boot",
      "to deploy it: atomic host upgrade",
    ),
  );
  const { stdout } = atomic("host", "upgrade", "--dry-run");
  assert.match(stdout, /^\/etc: 1 from the new image, 1 of yours kept, 1 conflict$/m);
  assert.match(stdout, /^would:\n( {2}.*\n)+$/m);
  assert.match(stdout, new RegExp(`^ {2}boot ${s(two)}\\.0`, "m"));
  assert.is((json("host", "status").json as { deployments: unknown[] }).deployments.length, 1);
});

test("upgrade tells what changes, each conflict, and how to see it", () => {
  assert.equal(
    steady(atomic("host", "upgrade")),
    ok(
      `os/stable: 1.0 (${s(one)}) → 2.0 (${s(two)})`,
      "packages: no changes",
      "files: 4 modified, 1 added, N only in metadata",
      "/etc: 1 from the new image, 1 of yours kept, 1 conflict",
      "  conflict /etc/motd: changed here and in the new version; the new one is /etc/motd.atomic-new",
      "    to see it: atomic host etc diff --deployment 0 /etc/motd",
      `next boot: 2.0 (${s(two)})`,
      "to return: atomic host rollback",
    ),
  );
});

test("etc lists what became of each path, conflicts first", () => {
  assert.equal(
    atomic("host", "etc"),
    ok(
      "conflict  /etc/motd: changed here and in the new version; the new one is /etc/motd.atomic-new",
      "yours     /etc/mine",
      "image     /etc/new",
    ),
  );
  assert.equal(atomic("host", "etc", "1"), ok("nothing was merged: it is the first deployment of its stateroot"));
});

test("etc diff shows what the operator changed, as a patch", () => {
  assert.equal(
    atomic("host", "etc", "diff", "/etc/motd"),
    ok("M  /etc/motd", "--- a/usr/etc/motd", "+++ b/etc/motd", "@@ -1 +1 @@", "-welcome to 2.0", "+my own"),
  );
  const { json: changes } = json("host", "etc", "diff", "--deployment", "1");
  assert.equal(
    (changes as { kind: string; path: string }[]).map(({ kind, path }) => [kind, path]),
    [
      ["added", "/etc/mine"],
      ["modified", "/etc/motd"],
    ],
  );
  assert.equal(atomic("host", "etc", "diff", "/etc/app"), ok("no changes"));
});

test("etc restore gives a file back, and etc log has what it was", () => {
  const motd = live(`${two}.0`, "motd");
  assert.equal(atomic("host", "etc", "restore", "/etc/motd", "--from", "pristine"), ok("restored /etc/motd"));
  assert.is(readFileSync(motd, "utf8"), "welcome to 2.0\n");
  assert.equal(atomic("host", "etc", "restore", "motd"), ok("restored /etc/motd"));
  assert.is(atomic("host", "etc", "restore", "../passwd").status, 2);
  const { stdout } = atomic("host", "etc", "log");
  assert.match(stdout, new RegExp(`^[0-9a-f]{12}  .* UTC  .*${s(two)}\\.0.*$`, "m"));
  assert.is(atomic("host", "etc", "log", "-n", "1").stdout.trim().split("\n").length, 1);
});

test("status answers in JSON as DESIGN lays down", () => {
  const { status, json: answer } = json("host", "status");
  assert.is(status, 0);
  const { deployments, ...head } = answer as { deployments: Record<string, unknown>[] };
  assert.equal(head, { apiVersion: "atomic/v1", kind: "HostStatus", problems: [] });
  const common = {
    stateroot: "default",
    origin: "os/stable",
    booted: false,
    staged: false,
    pinned: false,
    signature: "unsigned",
    kargs: [],
  };
  const newest = { index: 0, id: `${two}.0`, commit: two, version: "2.0", timestamp: 1_700_002_000 };
  const oldest = { index: 1, id: `${one}.0`, commit: one, version: "1.0", timestamp: 1_700_001_000 };
  assert.equal(deployments.map(promised), [
    { ...common, ...newest, pending: true, rollback: false, etcConflicts: 1 },
    { ...common, ...oldest, pending: false, rollback: true, etcConflicts: 0 },
  ]);
});

const FURTHER_FIELDS = ["title", "kernel", "deployed", "bootCounter", "unlocked", "failed", "failure"];

/** The fields that scripts may rely on. */
function promised(deployment: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(deployment).filter(([name]) => !FURTHER_FIELDS.includes(name)));
}

test("status points at conflicts", () => {
  const { stdout } = atomic("host", "status");
  assert.match(stdout, /\ndeployment 0: 1 conflict in \/etc, see: atomic host etc 0\n$/);
});

test("diff compares deployments, refs and commits", () => {
  const facts = [
    `from:      1.0 (${s(one)})`,
    `to:        2.0 (${s(two)})`,
    "packages:  no changes",
    "files:     4 modified, 1 added, N only in metadata",
  ];
  assert.equal(steady(atomic("host", "diff")), ok(...facts));
  assert.equal(steady(atomic("host", "diff", "os/stable^", two)), ok(...facts));
  const { stdout } = atomic("host", "diff", "1", "0", "--files");
  assert.match(stdout, /^A {2}\/usr\/etc\/new$/m);
});

test("pin keeps a deployment from being removed, unpin lets it go", () => {
  assert.equal(atomic("host", "pin", "1"), ok("pinned deployment 1"));
  assert.equal(
    atomic("host", "undeploy", "1"),
    failed(`removing deployment ${one}.0: it is pinned`, "atomic host unpin 1"),
  );
  assert.match(atomic("host", "status").stdout, /rollback, pinned$/m);
  assert.is(atomic("host", "pin", "1").status, 77);
  assert.equal(json("host", "unpin", "1").json, { id: `${one}.0`, pinned: false });
});

test("rollback returns, and back again", () => {
  assert.equal(atomic("host", "rollback"), ok(`next boot: ${s(one)}`));
  assert.equal(atomic("host", "rollback", "--to", "1", "--reason", "it works now"), ok(`next boot: ${s(two)}`));
  assert.is(atomic("host", "rollback", "--to", "0").status, 77);
  assert.is(atomic("host", "rollback", "--to", "7").status, 1);
});

test("history lists all of that, newest first", () => {
  const rows = atomic("host", "history").stdout.trim().split("\n");
  assert.match(rows[0] ?? "", /^TIME +ACTION +FROM +TO +VERSION +ORIGIN +REASON$/);
  assert.equal(
    rows.slice(1).map((row) => row.split(/ {2,}/).slice(1)),
    [
      ["rollback", s(one), s(two), "2.0", "os/stable", "it works now"],
      ["rollback", s(two), s(one), "1.0", "os/stable"],
      ["upgrade", s(one), s(two), "2.0", "os/stable"],
      ["deploy", "-", s(one), "1.0", "os/stable"],
    ],
  );
});

test("kargs prints them, and a change makes a deployment", () => {
  assert.equal(atomic("host", "kargs"), ok());
  const { stdout } = atomic("host", "kargs", "--append", "quiet", "--append", "console=ttyS0");
  assert.match(stdout, new RegExp(`^kernel arguments: quiet console=ttyS0\n(.*\n)*next boot: 2.0 \\(${s(two)}\\)\n`));
  assert.equal(json("host", "kargs").json, { kargs: ["quiet", "console=ttyS0"] });
  assert.is(atomic("host", "kargs", "--append-if-missing", "quiet").status, 77);
  assert.is(atomic("host", "kargs", "--append", "atomic=x").status, 2);
});

test("undeploy removes a deployment, and cleanup what nothing needs", () => {
  const { length: before } = (json("host", "status").json as { deployments: unknown[] }).deployments;
  assert.equal(atomic("host", "undeploy", "1"), ok("removed deployment 1"));
  assert.is((json("host", "status").json as { deployments: unknown[] }).deployments.length, before - 1);
  const { stdout } = atomic("host", "cleanup", "--dry-run");
  assert.match(stdout, /^would:\n( {2}.*\n)+would remove \d+ objects?, .*; kept \d+\n$/);
  assert.match(atomic("host", "cleanup").stdout, /^removed \d+ objects?, .*; kept \d+\n$/);
});

test("a staged upgrade waits for finalize", async () => {
  const three = await host.commit("3.0");
  assert.match(
    atomic("host", "upgrade", "--stage").stdout,
    new RegExp(`\nstaged: 3.0 \\(${s(three)}\\), which boots after the next shutdown\n$`),
  );
  assert.match(atomic("host", "status").stdout, /os\/stable +staged, pending$/m);
  assert.equal(atomic("host", "finalize"), ok(`next boot: ${s(three)}`));
  assert.is(atomic("host", "finalize").status, 77);
});

test("upgrade refuses an older commit unless told otherwise", () => {
  const { path } = host.sysroot.repo;
  atomic("repo", "refs", "--create", "os/stable", two);
  const { status, stderr } = atomic("host", "upgrade");
  assert.is(status, 1);
  assert.match(
    stderr,
    /^error: upgrading to os\/stable: expected one newer than .*\nhint: atomic host upgrade --allow-downgrade\n$/,
  );
  assert.match(atomic("host", "upgrade", "--check").stdout, /^downgrade of os\/stable: 3\.0 .* → 2\.0 /);
  assert.is(atomic("host", "upgrade", "--allow-downgrade").status, 0, path);
});

test("rebase follows another ref, from another store", () => {
  const store = join(host.base, "usb");
  cli(["repo", "init", "--repo", store]);
  cli(["repo", "pull", host.sysroot.repo.path, "os/stable", "--ref", "os/next", "--repo", store]);
  const { status, json: answer } = json("host", "rebase", "os/next", "--from", store);
  assert.is(status, 0);
  assert.is((answer as { commit: string }).commit, two);
  const [first] = (json("host", "status").json as { deployments: { origin: string }[] }).deployments;
  assert.is(first?.origin, "os/next");
});

test("verify finds a damaged image, exits 1, and says what mends it", () => {
  assert.match(atomic("host", "verify").stdout, /^checked \d deployments: all is well\n$/);
  const [{ id }] = (json("host", "status").json as { deployments: [{ id: string }] }).deployments;
  writeFileSync(join(host.sysroot.path, "atomic/deploy/default/deploy", id, "image"), "bad");
  const { status, stdout } = atomic("host", "verify");
  assert.is(status, 1);
  assert.match(
    stdout,
    new RegExp(
      `^defect: deployment ${s(id)}: image: .*\n  hint: atomic .*\nchecked \\d deployments: 1 defect found\n$`,
    ),
  );
});
