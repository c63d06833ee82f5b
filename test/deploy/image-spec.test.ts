import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { checkUpgrade, cleanup, deploy, hostStatus, upgrade } from "../../src/deploy/index.ts";
import { listRefs } from "../../src/ostree/index.ts";
import { writeLayout } from "../oci/layout-builder.ts";
import type { Entry } from "../oci/tar-builder.ts";
import { suite } from "../support/suite.ts";
import { unmet } from "../support/needs.ts";
import { codeOf, etcOf, type Host, makeHost, summary } from "./host-fixture.ts";

const test = suite("deploy/image-spec", unmet({ root: true }));

const BASE: Entry[] = [
  { name: "usr/lib/modules/6.1/vmlinuz", content: "kernel" },
  { name: "usr/lib/modules/6.1/initramfs.img", content: "initramfs" },
  { name: "usr/lib/bootc/kargs.d/10.toml", content: 'kargs = ["from-image=1"]\n' },
];
const version = (text: string): Entry[] => [{ name: "etc/motd", content: text }];

/** Runs `work` on a host, with a layout `oci:` can name. */
async function onHost(work: (host: Host, layout: string) => Promise<void>): Promise<void> {
  const host = await makeHost();
  try {
    await work(host, join(host.base, "layout"));
  } finally {
    host.remove();
  }
}

function publish(layout: string, text: string, day: number): void {
  writeLayout(layout, {
    layers: [BASE, version(text)],
    created: `2026-01-0${day}T00:00:00Z`,
    run: {
      Labels: {
        "org.opencontainers.image.version": text,
        "containers.bootc": "1",
        "atomic.notes": `what is new in ${text}\n`,
      },
    },
  });
}

test("deploys an image, and upgrades follow it", async () => {
  await onHost(async ({ sysroot }, layout) => {
    publish(layout, "v1", 1);
    const spec = `oci:${layout}`;
    await deploy(sysroot, { spec });
    const [first] = hostStatus(sysroot).deployments;
    assert.is(first?.origin, spec);
    assert.is(first?.version, "v1");
    assert.is(first?.signature, "unsigned");
    assert.ok(first?.kargs.includes("from-image=1"));
    assert.is(readFileSync(join(etcOf(sysroot), "motd"), "utf8"), "v1");
    assert.is(await codeOf(() => checkUpgrade(sysroot)), "nothing-to-do");
    assert.is(await codeOf(() => upgrade(sysroot)), "nothing-to-do");
    assert.is(await codeOf(() => deploy(sysroot, { spec })), "nothing-to-do");

    publish(layout, "v2", 2);
    const update = await checkUpgrade(sysroot);
    assert.not(update.downloaded);
    assert.equal([update.to.version, update.to.timestamp], ["v2", Date.parse("2026-01-02") / 1000]);
    assert.ok(update.cost!.download! > 0);
    assert.equal([update.cost!.notes, update.cost!.packages], ["what is new in v2\n", undefined]);
    assert.equal((await upgrade(sysroot, { dryRun: true })).deployment, undefined);
    assert.is(listRefs(sysroot.repo, "oci/layer").length, 2);
    const { update: fetched } = await upgrade(sysroot, { downloadOnly: true });
    const here = await checkUpgrade(sysroot);
    assert.equal([here.downloaded, here.to.commit], [true, fetched.to.commit]);
    assert.equal([here.cost!.download, here.cost!.packages], [0, []]);
    assert.is(here.cost!.notes, "what is new in v2\n");
    await upgrade(sysroot);
    assert.is(summary(sysroot), "v2+ v1-");
    assert.is(readFileSync(join(etcOf(sysroot), "motd"), "utf8"), "v2");
    assert.is(hostStatus(sysroot).deployments[0]?.origin, spec);
  });
});

test("a check asks the host's policy, as the upgrade does", async () => {
  await onHost(async ({ sysroot, base }, layout) => {
    publish(layout, "v1", 1);
    await deploy(sysroot, { spec: `oci:${layout}` });
    publish(layout, "v2", 2);
    const policy = join(base, ".config/containers/policy.json");
    mkdirSync(dirname(policy), { recursive: true });
    writeFileSync(policy, JSON.stringify({ default: [{ type: "reject" }] }));
    const home = process.env["HOME"];
    process.env["HOME"] = base;
    try {
      for (const ask of [checkUpgrade, upgrade]) assert.is(await codeOf(() => ask(sysroot)), "untrusted");
    } finally {
      if (home === undefined) delete process.env["HOME"];
      else process.env["HOME"] = home;
    }
    assert.is(summary(sysroot), "v1+");
  });
});

test("refuses an older image before it is pulled, and one without a kernel", async () => {
  await onHost(async ({ sysroot }, layout) => {
    publish(layout, "v2", 2);
    await deploy(sysroot, { spec: `oci:${layout}` });
    publish(layout, "v1", 1);
    const layers = listRefs(sysroot.repo, "oci/layer").length;
    assert.is(await codeOf(() => upgrade(sysroot)), "conflict");
    assert.is(listRefs(sysroot.repo, "oci/layer").length, layers);
    await upgrade(sysroot, { allowDowngrade: true });
    writeLayout(layout, { layers: [version("x")] });
    assert.is(await codeOf(() => upgrade(sysroot)), "invalid");
    assert.is(summary(sysroot), "v1+ v2-");
  });
});

test("cleaning up keeps the layers of deployed images only", async () => {
  await onHost(async ({ sysroot }, layout) => {
    for (const [i, text] of ["v1", "v2", "v3"].entries()) {
      publish(layout, text, i + 1);
      await (i === 0 ? deploy(sysroot, { spec: `oci:${layout}` }) : upgrade(sysroot));
    }
    await cleanup(sysroot, { retain: 1 });
    const kept = hostStatus(sysroot).deployments.length;
    assert.is(listRefs(sysroot.repo, "oci/layer").length, 1 + kept);
  });
});
