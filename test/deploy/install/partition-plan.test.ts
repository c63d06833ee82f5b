import fc from "fast-check";
import * as assert from "uvu/assert";
import { parseSize } from "../../../src/deploy/install/parse-size.ts";
import { planPartitions, sfdiskScript } from "../../../src/deploy/install/partition-plan.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { suite } from "../../support/suite.ts";

const test = suite("deploy/install/partition-plan");
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

test("the root filesystem fills what the EFI system partition leaves", () => {
  assert.equal(planPartitions(10 * GIB, 512 * MIB), {
    esp: { offset: MIB, size: 512 * MIB },
    root: { offset: 513 * MIB, size: 10 * GIB - 514 * MIB },
  });
});

test("partitions are aligned, apart, and clear of both partition tables, whatever the size", () => {
  const sizes = fc.tuple(
    fc.integer({ min: 200 * MIB, max: 8192 * GIB }),
    fc.integer({ min: 64 * MIB, max: 100 * MIB }),
  );
  fc.assert(
    fc.property(sizes, ([size, espSize]) => {
      const { esp, root } = planPartitions(size, espSize);
      for (const value of [esp.offset, esp.size, root.offset, root.size]) assert.is(value % MIB, 0);
      assert.ok(esp.offset >= MIB && esp.size >= espSize);
      assert.ok(esp.offset + esp.size <= root.offset);
      assert.ok(root.offset + root.size <= size - MIB && root.size >= 64 * MIB);
    }),
  );
});

for (const [what, size, espSize, code] of [
  ["a disk that is too small", 129 * MIB, 64 * MIB, "no-space"],
  ["no disk", 0, 512 * MIB, "no-space"],
  ["a tiny EFI system partition", GIB, 32 * MIB, "usage"],
] as const) {
  test(`refuses ${what}`, () =>
    assert.throws(
      () => planPartitions(size, espSize),
      (error: unknown) => isAtomicError(error, code),
    ));
}

test("says in sectors what is where", () => {
  const ids = { disk: "D", esp: "E", root: "R" };
  assert.is(
    sfdiskScript(planPartitions(200 * MIB, 64 * MIB), ids, "T"),
    `label: gpt
label-id: D
unit: sectors

start=2048, size=131072, type=C12A7328-F81F-11D2-BA4B-00C04FC93EC9, uuid=E, name="esp"
start=133120, size=274432, type=T, uuid=R, name="root"
`,
  );
});

for (const [text, bytes] of Object.entries({
  "1": 1,
  "512M": 512 * MIB,
  "10G": 10 * GIB,
  "2T": 2 * 1024 * GIB,
  "4KiB": 4096,
  "7MB": 7 * MIB,
})) {
  test(`${text} is ${bytes} bytes`, () => assert.is(parseSize(text), bytes));
}

for (const text of ["", "0", "-1", "1.5G", "G", "10 G", "10g", "1e9", "9999999T", "10G\n"]) {
  test(`${JSON.stringify(text)} is no size`, () =>
    assert.throws(
      () => parseSize(text),
      (error: unknown) => isAtomicError(error, "usage"),
    ));
}
