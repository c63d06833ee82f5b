import * as assert from "uvu/assert";
import { renderStatus, renderStatusVerbose } from "../../../src/commands/render/status.ts";
import { plainStyle } from "../../../src/commands/render/style.ts";
import type { DeploymentStatus, HostStatus } from "../../../src/deploy/index.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/render/status");
const NOW = 1_700_000_000;
const view = { style: plainStyle, now: NOW, running: true };

function deployment(index: number, own: Partial<DeploymentStatus>): DeploymentStatus {
  const commit = String(index).repeat(64);
  return {
    index,
    id: `${commit}.0`,
    stateroot: "default",
    commit,
    version: "1.0",
    timestamp: NOW - 86400,
    origin: "os",
    booted: false,
    staged: false,
    pending: false,
    rollback: false,
    pinned: false,
    unlocked: false,
    signature: "unsigned",
    etcConflicts: 0,
    kargs: [],
    kernel: "6.1",
    title: "OS 1.0",
    deployed: NOW - 60,
    failed: false,
    failure: null,
    bootCounter: null,
    ...own,
  };
}

function status(deployments: DeploymentStatus[], problems: string[] = []): HostStatus {
  return { apiVersion: "atomic/v1", kind: "HostStatus", deployments, problems };
}

test("marks what runs, and says what each deployment is", () => {
  const shown = renderStatus(
    status(
      [
        deployment(0, {
          pending: true,
          version: "2.0",
          etcConflicts: 2,
          failed: true,
          failure: "check x exited with 1",
        }),
        deployment(1, { booted: true, timestamp: NOW - 60 }),
        deployment(2, { rollback: true, pinned: true, version: null, origin: "os/\x1b[31mred" }),
      ],
      ["boot entry x names no deployment"],
    ),
    view,
  );
  assert.is(
    shown,
    [
      "   INDEX  VERSION  COMMIT        AGE           ORIGIN          STATE",
      "○  0      2.0      000000000000  1 day ago     os              pending, failed",
      "●  1      1.0      111111111111  1 minute ago  os              booted",
      "○  2      -        222222222222  1 day ago     os/\\x1b[31mred  rollback, pinned",
      "deployment 0: 2 conflicts in /etc, see: atomic host etc 0",
      "deployment 0: did not boot: check x exited with 1; to try it again: atomic host rollback --to 0",
      "warning: boot entry x names no deployment",
    ].join("\n"),
  );
});

test("names stateroots when there are several", () => {
  const shown = renderStatus(status([deployment(0, {}), deployment(1, { stateroot: "lab" })]), view).split("\n");
  assert.is(shown[0], "   INDEX  VERSION  COMMIT        AGE        STATEROOT  ORIGIN  STATE");
  assert.is(shown[2], "○  1      1.0      111111111111  1 day ago  lab        os");
});

test("shows the machine and all that is known with --verbose", () => {
  const machine = {
    os: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.1",
    architecture: "x64",
    memory: { total: 2 ** 31, available: 2 ** 30 },
    filesystems: [{ path: "/", type: "ext4", size: 2 ** 32, available: 2 ** 29 }],
  };
  const own = { booted: true, kargs: ["quiet", "console=ttyS0"], bootCounter: { left: 2, done: 1 } };
  assert.is(
    renderStatusVerbose(status([deployment(1, own)]), machine, view),
    [
      "machine:  Debian GNU/Linux 12 (bookworm), kernel 6.1, x64",
      "memory:   1.0 GiB of 2.0 GiB available",
      "/:        ext4, 512.0 MiB of 4.0 GiB available",
      "",
      "● 1  OS 1.0",
      "    state:           booted",
      "    version:         1.0",
      `    id:              ${"1".repeat(64)}.0`,
      "    stateroot:       default",
      "    origin:          os",
      "    signature:       unsigned",
      "    built:           2023-11-13 22:13:20 UTC (1 day ago)",
      "    deployed:        2023-11-14 22:12:20 UTC (1 minute ago)",
      "    kernel:          6.1",
      "    arguments:       quiet console=ttyS0",
      "    boot attempts:   1 made, 2 left",
      "    /etc conflicts:  0",
    ].join("\n"),
  );
});
