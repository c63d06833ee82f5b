import * as assert from "uvu/assert";
import fc from "fast-check";
import {
  createAssembler,
  disassemble,
  launchExecutable,
  type LaunchArch,
  launchFailure,
  recordSteps,
  launchInterpreter,
  readLaunchExecutable,
} from "../../../src/linux/index.ts";
import { isAtomicError } from "../../../src/errors.ts";
import { operationNumber, SYSCALLS, type SyscallName } from "../../../src/linux/launch/syscalls.ts";
import { suite } from "../../support/suite.ts";

const test = suite("linux/launch/disassemble");

function sample() {
  const asm = createAssembler();
  const [fail, fd] = [asm.label("fail"), asm.slot()];
  asm.failTo(fail);
  asm.step("mounting /proc");
  asm.call("fsopen", [asm.text("proc"), 1], { store: fd });
  asm.call("fsconfig", [fd, 6, 0, 0, 0]);
  asm.step("failing");
  asm.place(fail);
  asm.call("write", [3, { kind: "failure" }, 16], { onError: "ignore" });
  asm.call("exit_group", [-1], { onError: "ignore" });
  return asm.finish();
}

test("prints steps, calls and where they lead", () => {
  assert.is(
    disassemble(readLaunchExecutable(launchExecutable(sample(), "arm64"))),
    `mounting /proc
     0  fsopen(type="proc", flags=1) → [0x0], error → 2
     1  fsconfig(fd=[0x0], command=6, key=0, value=0, aux=0), error → 2
failing
     2  write(fd=3, buffer=failure, length=16)
     3  exit_group(status=-1)
`,
  );
});

const anyCall = fc.record({
  name: fc.constantFrom(...(Object.keys(SYSCALLS) as SyscallName[])),
  args: fc.array(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), { minLength: 6, maxLength: 6 }),
  step: fc.string({ maxLength: 20 }),
});

for (const arch of ["x64", "arm64"] as const satisfies LaunchArch[]) {
  test(`reads back what was assembled for ${arch}`, () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 20 }), (list) => {
        const asm = createAssembler();
        for (const { name, args, step } of list) {
          asm.step(step);
          asm.call(name, args.slice(0, SYSCALLS[name].length - 2) as never, { onError: "ignore" });
        }
        const image = readLaunchExecutable(launchExecutable(asm.finish(), arch));
        assert.is(image.arch, arch);
        assert.equal(
          image.steps,
          list.map(({ step }) => step.replaceAll("\0", " ")),
        );
        for (const [index, { name, args }] of list.entries()) {
          const count = SYSCALLS[name].length - 2;
          assert.is(image.records[index]!.operation, operationNumber(name, arch));
          assert.equal(image.records[index]!.args.slice(0, count), args.slice(0, count));
        }
        assert.is(disassemble(image).match(/^ +\d+ {2}/gm)?.length ?? 0, list.length);
      }),
    );
  });
}

test("names the failing step and the errno", () => {
  const cell = Buffer.alloc(16);
  cell.writeBigUInt64LE(BigInt(0x600200 + 64 + 80));
  cell.writeBigInt64LE(-1n, 8);
  const error = launchFailure(recordSteps(sample()), cell);
  assert.is(error.message, "mounting /proc: operation not permitted (EPERM)");
  assert.is(error.code, "permission");
  cell.writeBigInt64LE(3n << 8n, 8);
  assert.is(launchFailure(recordSteps(sample()), cell).message, "mounting /proc: it exited with 3");
  cell.writeBigInt64LE(9n, 8);
  assert.is(launchFailure(recordSteps(sample()), cell).message, "mounting /proc: signal 9 killed it");
  cell.writeBigUInt64LE(BigInt(0x600200));
  assert.throws(() => launchFailure(recordSteps(sample()), cell), /failed at 0x/);
});

const good = launchExecutable(sample(), "x64");
const HOSTILE: { what: string; file: Buffer }[] = [
  { what: "an empty file", file: Buffer.alloc(0) },
  { what: "another executable", file: Buffer.alloc(5000, 0x7f) },
  { what: "a cut header", file: good.subarray(0, 0x220) },
  { what: "cut records", file: good.subarray(0, 0x300) },
  { what: "cut steps", file: good.subarray(0, good.length - 1) },
  { what: "no steps", file: good.subarray(0, good.length - 24) },
  ...(
    [
      [24, 9],
      [28, 3],
      [32, 0xffffffff],
      [36, 0xffffffff],
    ] as const
  ).map(([at, value]) => {
    const file = Buffer.from(good);
    file.writeUInt32LE(value, 0x200 + at);
    return { what: `${value} at ${at} of the header`, file };
  }),
];
for (const { what, file } of HOSTILE) {
  test(`refuses ${what}`, () => {
    try {
      readLaunchExecutable(file);
    } catch (error) {
      assert.ok(isAtomicError(error, "invalid"), String(error));
      return;
    }
    assert.unreachable();
  });
}

test("the interpreter that is fed programs is the same for every program", () => {
  assert.equal(launchInterpreter("x64"), launchInterpreter("x64"));
});
