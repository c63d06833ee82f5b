/** QEMU running one power cycle: what the console shows, and waiting for what is to come. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { qemu, VM_CACHE } from "./qemu.ts";

export interface PowerCycle {
  /** Unix sockets: the guest's second serial port, and QEMU's monitor. */
  shellPath: string;
  monitorPath: string;
  /** What the console has shown so far. */
  console(): string;
  /** What `check` gives once that is something. @throws Error after so many seconds, or when QEMU ends before */
  wait<T>(what: string, seconds: number, check: () => T | undefined | Promise<T | undefined>): Promise<T>;
  /** Waits for QEMU to end. @throws Error after so many seconds */
  ended(seconds: number): Promise<void>;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

/**
 * A processor without AVX and AES: interpreting those costs half as much again (114 s instead of 75 for one boot). One,
 * because the runner has two machines run at a time.
 */
const MACHINE = [
  ...["-machine", "q35,sata=off", "-cpu", "Nehalem", "-smp", "1", "-m", "1024"],
  ...["-display", "none", "-nodefaults"],
];
const START_SECONDS = 60;
const POLL_MS = 50;
const SHOWN_LINES = 15;

/** Starts QEMU. A reboot of the guest ends it. @throws Error when it does not start */
export async function powerOn(devices: readonly string[]): Promise<PowerCycle> {
  const directory = mkdtempSync(join(tmpdir(), "atomic-vm-"));
  const at = (name: string): string => join(directory, name);
  const [program = "", ...args] = [
    ...[...qemu().system, ...MACHINE, "-no-reboot"],
    // To a file: a console that is not read fast enough stops the guest.
    ...["-chardev", `file,id=console,path=${at("console")}`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=shell,path=${at("shell")},server=on,wait=off`, "-serial", "chardev:shell"],
    ...["-monitor", `unix:${at("monitor")},server=on,wait=off`],
    ...devices,
  ];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const exit = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const console = (): string =>
    existsSync(at("console")) ? readFileSync(at("console"), "utf8").replaceAll("\r", "") : "";
  const late = (what: string, why: string): Error => failure(`waiting for ${what}: ${why}`, said + console());

  const cycle: PowerCycle = {
    shellPath: at("shell"),
    monitorPath: at("monitor"),
    console,
    async wait(what, seconds, check) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const over = hasEnded(child);
        const found = await check();
        if (found !== undefined) return found;
        if (over) throw late(what, "the machine ended");
        if (Date.now() > deadline) throw late(what, `not seen for ${seconds} s`);
        await sleep(POLL_MS);
      }
    },
    async ended(seconds) {
      const outcome = await Promise.race([exit, sleep(seconds * 1000, "late", { ref: false })]);
      if (outcome === "late") throw late("the machine to end", `still running after ${seconds} s`);
    },
    async kill() {
      child.kill("SIGKILL");
      await exit;
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await cycle.wait("QEMU to start", START_SECONDS, () => existsSync(at("monitor")) || undefined);
  return cycle;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The console is kept outside the test's own directory, which vanishes with it. */
function failure(what: string, console: string): Error {
  const log = join(VM_CACHE, `console-${process.pid}.log`);
  writeFileSync(log, console);
  return new Error(`${what}; the console is in ${log}:\n${console.split("\n").slice(-SHOWN_LINES).join("\n")}`);
}
