import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import {
  addressOf,
  type Assembler,
  launchExecutable,
  type LaunchArch,
  launchInterpreter,
  NO_PROGRAM,
  offsetFrom,
  stubCode,
  stubListing,
} from "../../../src/linux/index.ts";
import { assemble, runExecutable, UNEXPECTED } from "../../support/launch-programs.ts";
import { suite } from "../../support/suite.ts";
import { tempDir } from "../../support/temp.ts";

const test = suite("linux/launch/run");
const SIGCHLD = 17;

interface Case {
  what: string;
  body: (asm: Assembler) => void;
  status: number;
  stdout?: string;
}
const CASES: Case[] = [
  {
    what: "writes and exits",
    body(asm) {
      asm.call("write", [1, asm.text("hello"), 5]);
      asm.call("exit_group", [7]);
    },
    status: 7,
    stdout: "hello",
  },
  {
    what: "leads a failure to the fail label",
    body: (asm) => asm.call("chdir", [asm.text("/no/such")]),
    status: UNEXPECTED,
  },
  {
    what: "says which record failed and why",
    body(asm) {
      const report = asm.label("report");
      asm.call("setsid", [], { onError: "ignore" });
      asm.call("openat", [-100, asm.text("/no/such"), 0, 0], { onError: report });
      asm.place(report);
      asm.call("write", [1, { kind: "failure" }, 16]);
      asm.call("exit_group", [0]);
    },
    status: 0,
    stdout: "\x90\x02\x60\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff",
  },
  {
    what: "ignores a failure it is told to ignore",
    body(asm) {
      asm.call("close", [1000], { onError: "ignore" });
      asm.call("exit_group", [0]);
    },
    status: 0,
  },
  {
    what: "forks, passes a descriptor on in a slot, and waits",
    body(asm) {
      const [child, pid, status, code] = [asm.label("child"), asm.slot(), asm.slot(), asm.slot()];
      const fds = asm.words([0]);
      const [reading, writing] = [asm.slot(), asm.slot()];
      asm.call("pipe2", [fds, 0]);
      asm.compute({ kind: "slot", at: fds.at }, { mask: 0xffffffffn, store: reading });
      asm.compute({ kind: "slot", at: fds.at }, { shift: 32, store: writing });
      asm.call("clone", [SIGCHLD, 0, 0, 0, 0], { store: pid, onZero: child });
      asm.call("wait4", [pid, addressOf(status), 0, 0]);
      const buffer = asm.words([0]);
      asm.call("read", [reading, buffer, 8]);
      asm.call("write", [1, buffer, 4]);
      asm.compute(status, { shift: 8, mask: 0xff, store: code });
      asm.call("exit_group", [code]);
      asm.place(child);
      asm.call("write", [writing, asm.text("pipe"), 4]);
      asm.call("exit_group", [44]);
    },
    status: 44,
    stdout: "pipe",
  },
  {
    what: "loops, counts and writes numbers",
    body(asm) {
      const count = asm.slot(8n);
      const text = asm.text("   ");
      const [again, done] = [asm.label("again"), asm.label("done")];
      asm.place(again);
      asm.decimal(count, offsetFrom(text, 3));
      asm.call("write", [1, text, 3]);
      asm.compute(count, { subtract: -1, store: count });
      asm.compute(count, { subtract: 12, onZero: done });
      asm.jump(again);
      asm.place(done);
      asm.call("exit_group", [0]);
    },
    status: 0,
    stdout: "  8  9 10 11",
  },
  {
    what: "passes all six arguments, each directly or from memory",
    body(asm) {
      const values = [0, 4096, 3, 0x22, -1, 0];
      for (let bits = 0; bits < 64; bits++) {
        const args = values.map((value, index) => ((bits >> index) & 1 ? asm.slot(BigInt(value)) : value));
        asm.call("mmap", args as [number, number, number, number, number, number]);
      }
      asm.call("exit_group", [0]);
    },
    status: 0,
  },
  {
    what: "becomes another program, with arguments and environment",
    body(asm) {
      const script = 'printf "%s %s" "$1" "$V"; exit 5';
      asm.call("execve", [asm.text("/bin/sh"), asm.strings(["sh", "-c", script, "sh", "a b"]), asm.strings(["V=x y"])]);
    },
    status: 5,
    stdout: "a b x y",
  },
];

const RUNNERS: { arch: LaunchArch; runner: string[] }[] = [
  { arch: "x64", runner: process.arch === "x64" ? [] : ["qemu-x86_64-static"] },
  { arch: "arm64", runner: process.arch === "arm64" ? [] : ["qemu-aarch64-static"] },
];
for (const { arch, runner } of RUNNERS) {
  for (const { what, body, status, stdout = "" } of CASES) {
    test.needs({ programs: runner })(`${arch}: ${what}`, () => {
      const file = launchExecutable(assemble(body), arch);
      assert.equal(runExecutable(file, { runner }), { status, stdout, stderr: "" });
    });
    test.needs({ programs: runner })(`${arch}, fed to the interpreter: ${what}`, () => {
      const options = { runner, program: launchExecutable(assemble(body), arch) };
      assert.equal(runExecutable(launchInterpreter(arch), options), { status, stdout, stderr: "" });
    });
  }

  for (const [what, program] of [
    ["an empty file", Buffer.alloc(4096)],
    [
      "a program for another machine",
      launchExecutable(
        assemble(() => undefined),
        arch === "x64" ? "arm64" : "x64",
      ),
    ],
  ] as const) {
    test.needs({ programs: runner })(`${arch}: the interpreter refuses ${what}`, () => {
      assert.is(runExecutable(launchInterpreter(arch), { runner, program }).status, NO_PROGRAM);
    });
  }
}

const OBJDUMP: Record<LaunchArch, string[]> = {
  x64: ["objdump", "-m", "i386:x86-64", "-M", "intel"],
  arm64: ["aarch64-linux-gnu-objdump", "-m", "aarch64"],
};
for (const [arch, [program, ...args]] of Object.entries(OBJDUMP) as [LaunchArch, string[]][]) {
  test.needs({ programs: [program!] })(`${arch}: the listing is what objdump says of the code`, () => {
    const path = join(tempDir(), "code");
    writeFileSync(path, stubCode(arch, 0));
    const { stdout } = spawnSync(program!, ["-D", "-b", "binary", "--insn-width=16", ...args, path]);
    const shown = [...stdout.toString().matchAll(/^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/gm)].map(
      ([, address, bytes, text]) =>
        [
          address!.padStart(2, "0"),
          bytes,
          text!
            .replace(/\s*(?:\/\/|# ).*/, "")
            .replace(/\s+/g, " ")
            .trim(),
        ].join("|"),
    );
    const listed = [...stubListing(arch).matchAll(/^ {2}(\S+) {2}(.+?) {2,}(.+)$/gm)].map((match) =>
      match.slice(1).join("|"),
    );
    assert.ok(listed.length > 40);
    assert.equal(shown.slice(0, listed.length), listed);
  });
}

test.needs({ programs: ["strace"] })("makes exactly the calls of its records, as strace sees them", () => {
  const file = launchExecutable(
    assemble((asm) => {
      asm.call("umask", [0o27]);
      asm.call("openat", [-100, asm.text("/no/such"), 0o2000000, 0], { onError: "ignore" });
      asm.call("prctl", [38, 1, 0, 0, 0]);
      asm.call("exit_group", [0]);
    }),
    process.arch === "arm64" ? "arm64" : "x64",
  );
  const { stderr } = runExecutable(file, { runner: ["strace"] });
  assert.equal(stderr.replace(/0\d+$/gm, "MASK").split("\n").slice(1, -1), [
    "umask(027)                              = MASK",
    'openat(AT_FDCWD, "/no/such", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
    "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)  = 0",
    "exit_group(0)                           = ?",
    "+++ exited with 0 +++",
  ]);
});
