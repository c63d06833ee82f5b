/** Small launch programs, and ways to run them. */
import { spawnSync } from "node:child_process";
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Assembler, createAssembler, type Program } from "../../src/linux/index.ts";
import { tempDir } from "./temp.ts";

/** The exit status of a program that failed where it should not. */
export const UNEXPECTED = 99;

/** A program whose failures end it with `UNEXPECTED`. */
export function assemble(body: (asm: Assembler) => void): Program {
  const asm = createAssembler();
  const fail = asm.label("fail");
  asm.failTo(fail);
  asm.step("testing");
  body(asm);
  asm.place(fail);
  asm.step("ending");
  asm.call("exit_group", [UNEXPECTED], { onError: "ignore" });
  return asm.finish();
}

export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs an executable, through `runner` if one is given, with `program` at descriptor 3. */
export function runExecutable(file: Buffer, options: { runner?: readonly string[]; program?: Buffer } = {}): Ended {
  const path = join(tempDir(), "launch");
  writeFileSync(path, file, { mode: 0o755 });
  const argv = [...(options.runner ?? []), path];
  const stdio: ("ignore" | "pipe" | number)[] = ["ignore", "pipe", "pipe"];
  if (options.program !== undefined) {
    writeFileSync(`${path}.program`, options.program);
    stdio.push(openSync(`${path}.program`, "r"));
  }
  const { status, stdout, stderr, error } = spawnSync(argv[0] ?? path, argv.slice(1), { stdio });
  if (error !== undefined) throw error;
  return { status, stdout: stdout.toString("latin1"), stderr: stderr.toString("latin1") };
}
