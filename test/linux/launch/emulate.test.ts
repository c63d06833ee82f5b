import * as assert from "uvu/assert";
import {
  addressOf,
  type Assembler,
  createAssembler,
  emulate,
  type EmulatedKernel,
  layOut,
  offsetFrom,
  slotAt,
  type SyscallName,
} from "../../../src/linux/index.ts";
import { assemble } from "../../support/launch-programs.ts";
import { suite } from "../../support/suite.ts";

const test = suite("linux/launch/emulate");

/** The calls a program makes against a kernel that answers them in turn with `answers`, then with 1. */
function calls(body: (asm: Assembler) => void, answers: Partial<Record<SyscallName, (bigint | number)[]>> = {}) {
  const made: string[] = [];
  const kernel: EmulatedKernel = (name, args, memory) => {
    if (name === "write") {
      made.push(`write ${memory.bytes(args[1]!, Number(args[2]!)).toString("latin1")}`);
      return args[2];
    }
    made.push(`${name} ${args.slice(0, 2).join(" ")}`);
    if (name === "exit_group") return undefined;
    return answers[name]?.shift() ?? 1;
  };
  emulate(layOut(assemble(body), "x64"), "x64", kernel);
  return made;
}

test("goes from record to record until the program exits", () => {
  const made = calls((asm) => {
    asm.call("setsid", []);
    asm.call("umask", [0o22]);
    asm.call("exit_group", [3]);
  });
  assert.equal(made, ["setsid 0 0", "umask 18 0", "exit_group 3 0"]);
});

test("hands a result to later calls", () => {
  const made = calls(
    (asm) => {
      const fd = asm.slot();
      asm.call("openat", [-100, asm.text("/"), 0, 0], { store: fd });
      asm.call("fchdir", [fd]);
      asm.call("close", [fd]);
      asm.call("exit_group", [0]);
    },
    { openat: [42] },
  );
  assert.equal(made.slice(1), ["fchdir 42 0", "close 42 0", "exit_group 0 0"]);
});

const BRANCHES: { what: string; result: number; expected: string }[] = [
  { what: "an error", result: -2, expected: "exit_group 10 0" },
  { what: "zero", result: 0, expected: "exit_group 20 0" },
  { what: "a positive result", result: 5, expected: "exit_group 30 0" },
];
for (const { what, result, expected } of BRANCHES) {
  test(`branches on ${what}`, () => {
    const made = calls(
      (asm) => {
        const [failed, zero] = [asm.label("failed"), asm.label("zero")];
        asm.call("clone", [17, 0, 0, 0, 0], { onError: failed, onZero: zero });
        asm.call("exit_group", [30]);
        asm.place(failed);
        asm.call("exit_group", [10]);
        asm.place(zero);
        asm.call("exit_group", [20]);
      },
      { clone: [result] },
    );
    assert.is(made.at(-1), expected);
  });
}

test("leads every unmentioned failure to the fail label", () => {
  assert.is(calls((asm) => asm.call("chdir", [asm.text("/")]), { chdir: [-2] }).at(-1), "exit_group 99 0");
});

test("keeps which record failed with which errno", () => {
  const program = layOut(
    assemble((asm) => {
      asm.call("setsid", []);
      asm.call("fchdir", [7]);
    }),
    "x64",
  );
  emulate(program, "x64", (name) => (name === "exit_group" ? undefined : name === "fchdir" ? -9 : 1));
  assert.is(program.readBigUInt64LE(0), BigInt(0x600200 + 64 + 80));
  assert.is(program.readBigInt64LE(8), -9n);
});

test("computes with shift, mask and subtrahend", () => {
  const made = calls((asm) => {
    const [status, code] = [asm.slot(0x0700n), asm.slot()];
    asm.compute(status, { shift: 8, mask: 0xff, store: code });
    asm.call("exit_group", [code]);
  });
  assert.equal(made, ["exit_group 7 0"]);
});

test("counts in a loop", () => {
  const made = calls((asm) => {
    const count = asm.slot();
    const [again, done] = [asm.label("again"), asm.label("done")];
    asm.place(again);
    asm.call("close", [count]);
    asm.compute(count, { subtract: -1, store: count });
    asm.compute(count, { subtract: 3, onZero: done });
    asm.jump(again);
    asm.place(done);
    asm.call("exit_group", [0]);
  });
  assert.equal(made, ["close 0 0", "close 1 0", "close 2 0", "exit_group 0 0"]);
});

test("leads a smaller value to onNegative", () => {
  const made = calls((asm) => {
    const less = asm.label("less");
    asm.compute(asm.slot(3n), { subtract: 4, onNegative: less });
    asm.place(less);
    asm.call("exit_group", [1]);
  });
  assert.equal(made, ["exit_group 1 0"]);
});

for (const [value, expected] of [
  [0, "/proc/////////0"],
  [7, "/proc/////////7"],
  [4_194_303, "/proc///4194303"],
  [999_999_999, "/proc/999999999"],
] as const) {
  test(`writes ${value} in decimal digits`, () => {
    const made = calls((asm) => {
      const path = asm.text("/proc//////////");
      asm.decimal(value, offsetFrom(path, 15));
      asm.call("write", [1, path, 15]);
      asm.call("exit_group", [0]);
    });
    assert.is(made[0], `write ${expected}`);
  });
}

test("reads and writes words of a structure", () => {
  const made = calls((asm) => {
    const words = asm.words([5, 6, asm.text("x")]);
    asm.compute(slotAt(offsetFrom(words, 8)), { store: slotAt(words) });
    asm.call("fchdir", [addressOf(slotAt(words))]);
    asm.call("exit_group", [slotAt(words)]);
  });
  assert.is(made[1], "exit_group 6 0");
});

test("refuses what is no program", () => {
  const asm = createAssembler();
  assert.throws(() => asm.call("setsid", []), /nowhere to fail to/);
  assert.throws(() => asm.call("setsid", [], { onError: "ignore" }), /before the first step is named/);
  asm.step("x");
  const nowhere = asm.label("nowhere");
  asm.jump(nowhere);
  assert.throws(() => asm.finish(), /label nowhere has no place/);
  asm.place(nowhere);
  assert.throws(() => asm.place(nowhere), /placed twice/);
  assert.throws(() => emulate(layOut(asm.finish(), "x64"), "x64", () => 1), /outside the program/);
  assert.throws(
    () =>
      calls((a) => {
        const l = a.label("l");
        a.place(l);
        a.jump(l);
      }),
    /still running/,
  );
});
