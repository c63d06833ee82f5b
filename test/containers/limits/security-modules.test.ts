import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { hasAppArmor, hasSelinux, readSelinux } from "../../../src/containers/limits/security-modules.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("containers/limits/security-modules");

function host(files: Record<string, string>): string {
  const root = tempDir();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const ON = { "sys/fs/selinux/enforce": "1" };
const CONTEXTS = `process = "system_u:system_r:box_t:s0"
content = "system_u:object_r:virt_var_lib_t:s0"
file = "system_u:object_r:box_file_t:s0"
`;
const DEFAULTS = { process: "system_u:system_r:container_t:s0", file: "system_u:object_r:container_file_t:s0" };

test("finds neither on a host without them", () => {
  const root = host({ "etc/selinux/config": "SELINUXTYPE=targeted\n" });
  assert.equal([hasSelinux(root), hasAppArmor(root), readSelinux(root)], [false, false, undefined]);
});

test("reads the contexts of the policy in force", () => {
  const contexts = { "etc/selinux/minimum/contexts/lxc_contexts": CONTEXTS };
  const root = host({
    ...ON,
    ...contexts,
    "etc/selinux/config": "# comment\nSELINUX=enforcing\nSELINUXTYPE=minimum\n",
  });
  const expected = { process: "system_u:system_r:box_t:s0", file: "system_u:object_r:box_file_t:s0" };
  assert.equal(readSelinux(root), expected);
  assert.equal(readSelinux(host({ ...ON, "etc/selinux/targeted/contexts/lxc_contexts": CONTEXTS })), expected);
});

for (const [what, files] of Object.entries<Record<string, string>>({
  "no policy": {},
  "a policy whose name is a path": { "etc/selinux/config": "SELINUXTYPE=../../x\n" },
  "a policy without contexts": { "etc/selinux/config": "SELINUXTYPE=mls\n" },
  "contexts that are none": { "etc/selinux/targeted/contexts/lxc_contexts": 'process = "one:two"\nfile =\n\0\n' },
}))
  test(`takes the usual contexts with ${what}`, () => assert.equal(readSelinux(host({ ...ON, ...files })), DEFAULTS));

test("tells whether AppArmor is on", () => {
  const file = "sys/module/apparmor/parameters/enabled";
  assert.equal([hasAppArmor(host({ [file]: "Y\n" })), hasAppArmor(host({ [file]: "N\n" }))], [true, false]);
});
