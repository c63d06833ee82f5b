import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { withLabels } from "../../../src/containers/engine/assign-labels.ts";
import type { Engine } from "../../../src/containers/engine/place.ts";
import { compileLaunch } from "../../../src/containers/launch/compile.ts";
import {
  disassemble,
  type LaunchArch,
  launchExecutable,
  mount,
  readLaunchExecutable,
  umount,
} from "../../../src/linux/index.ts";
import { containersUnmet, launchRequest } from "../../support/containers.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/engine/labels", containersUnmet());

const [PROCESS, FILES] = ["u:r:container_t:s0:c1,c2", "u:object_r:container_file_t:s0:c1,c2"];
const options = { privileged: false, security: { noNewPrivileges: false, mask: [], unmask: false } };

function program(): string {
  const request = launchRequest({ process: { selinuxLabel: PROCESS }, linux: { mountLabel: FILES } });
  return disassemble(readLaunchExecutable(launchExecutable(compileLaunch(request), process.arch as LaunchArch)));
}

test("writes no label on a host without SELinux", () => {
  assert.not.match(program(), /container(_file)?_t|attr\/exec/);
  withLabels({ run: tempDir() } as Engine, options, (labels) => assert.is(labels, undefined), tempDir());
});

test("labels a process before its program, and the filesystems made for it", () => {
  mount({ source: "tmpfs", target: "/sys/fs", type: "tmpfs" });
  try {
    mkdirSync("/sys/fs/selinux");
    writeFileSync("/sys/fs/selinux/enforce", "1");
    const text = program();
    const at = (pattern: RegExp) => {
      assert.match(text, pattern);
      return text.search(pattern);
    };
    assert.is(text.match(/"context"[^\n]*u:object_r:container_file_t:s0:c1,c2/g)?.length, 4); // dev, pts, shm, mqueue
    const order = [at(/pivot_root/), at(/openat[^\n]*self\/attr\/exec/), at(/write[^\n]*u:r:container_t:s0:c1,c2/)];
    order.push(at(/capset/), at(/execve/));
    assert.equal(
      order,
      order.toSorted((a, b) => a - b),
    );
  } finally {
    umount("/sys/fs");
  }
});

test("gives no two containers the same categories", () => {
  const [run, data, root] = [tempDir(), tempDir(), tempDir()];
  mkdirSync(join(root, "sys/fs/selinux"), { recursive: true });
  writeFileSync(join(root, "sys/fs/selinux/enforce"), "1");
  const seen = new Set<string>();
  for (let count = 0; count < 50; count++)
    withLabels(
      { run, data } as Engine,
      options,
      (labels) => {
        const directory = join(data, `box${count}`);
        mkdirSync(directory);
        writeFileSync(join(directory, "container.json"), JSON.stringify({ format: 1, labels }));
        assert.match(labels!.process, /^system_u:system_r:container_t:s0:c\d+,c\d+$/);
        seen.add(labels!.process);
      },
      root,
    );
  assert.is(seen.size, 50);
});
