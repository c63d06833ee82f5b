/**
 * The only file that uses Bun's own interface: for what Node has in modules that bring streams along, which take half as
 * long to load as an empty program runs, and for what Node has not. Without Bun it uses Node's.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { constants } from "node:os";

/**
 * Starts `path`, which may outlive the caller. Descriptor n of the program is `descriptors[n]`; its environment is empty.
 * @returns its exit status, 128 and the signal where one killed it; rejected when it does not start
 */
export async function startProcess(path: string, descriptors: readonly number[]): Promise<number> {
  if (typeof Bun === "undefined") return startByNode(path, descriptors);
  const child = Bun.spawn([path], { stdio: [...descriptors] as [number, number, number], env: {} });
  child.unref();
  return child.exited;
}

/** The 64 lower-case hex digits of the SHA-256 of `bytes`. */
export function sha256(bytes: Uint8Array): string {
  if (typeof Bun === "undefined") return createHash("sha256").update(bytes).digest("hex");
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

/**
 * From here on code that runs often is worth compiling. Until then the built program leaves that nearly undone: in verbs that
 * take no time it never pays (scripts/build.ts).
 */
export function expectLongWork(): void {
  if (typeof Bun !== "undefined") Bun.unsafe.setJITPolicy(1);
}

function startByNode(path: string, descriptors: readonly number[]): Promise<number> {
  const child = spawn(path, [], { stdio: [...descriptors], env: {} });
  child.unref();
  return new Promise((done, reject) => {
    child.on("error", reject);
    child.on("exit", (status, signal) => done(status ?? 128 + (constants.signals[signal!] ?? 0)));
  });
}
