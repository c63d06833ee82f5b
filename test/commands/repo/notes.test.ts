/** What a publisher says of a commit, from the file to the host that thinks of an upgrade. */
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deploy } from "../../../src/deploy/index.ts";
import { makeHost } from "../../deploy/host-fixture.ts";
import { cli } from "../../support/cli.ts";
import { unmet } from "../../support/needs.ts";
import { suite } from "../../support/suite.ts";

const test = suite("commands/repo: notes", unmet({ root: true }));

test("notes of a commit are what a check shows, control characters made harmless", async () => {
  const host = await makeHost();
  try {
    await host.commit("1");
    await deploy(host.sysroot, { spec: "os/stable" });
    const [tree, notes] = [join(host.base, "next"), join(host.base, "notes")];
    mkdirSync(join(tree, "usr/lib/modules/6.2"), { recursive: true });
    writeFileSync(join(tree, "usr/lib/modules/6.2/vmlinuz"), "kernel");
    writeFileSync(notes, "- faster\n- \x1b[31mred\n");
    const commit = ["repo", "commit", "--repo", host.sysroot.repo.path, "--tree", tree, "--ref", "os/stable"];
    const made = cli([...commit, "--subject", "much is new", "--notes", notes]);
    assert.is(made.status, 0, made.stderr);
    const { stdout } = cli(["host", "upgrade", "--check", "--sysroot", host.sysroot.path]);
    assert.match(stdout, /^takes 6 B in \/boot$/m);
    assert.match(stdout, /^the publisher says:\n {2}much is new\n {2}- faster\n {2}- \\x1b\[31mred\n/m);
    truncateSync(notes, 70_000);
    assert.match(cli([...commit, "--notes", notes]).stderr, /expected at most 65536 bytes/);
  } finally {
    host.remove();
  }
});
