/**
 * A virtual machine of one power cycle: console, a shell inside, and the power switch. A reboot of the guest ends it;
 * the next power cycle is a machine of its own on the same disk.
 */
import { type Answer, dial, type GuestShell, openGuestShell } from "./guest-shell.ts";
import { powerOn } from "./power-cycle.ts";

export interface MachineOptions {
  /** A qcow2 file; the machine writes to it. */
  disk: string;
  /** More arguments for QEMU: what it boots. */
  boot: readonly string[];
}

export interface Machine {
  /** What the console has shown so far. */
  console(): string;
  /** Waits until the console has shown `pattern`. @throws Error after so many seconds, or when the machine ends before */
  see(pattern: RegExp, seconds: number): Promise<string>;
  /** Runs a command in the guest's shell, which it waits for. @throws Error after so many seconds */
  shell(command: string, seconds?: number): Promise<Answer>;
  /** The output of a command that succeeds. @throws Error with what it said when it does not */
  expect(command: string, seconds?: number): Promise<string>;
  /** Sends a line to QEMU's monitor. */
  monitor(line: string): Promise<void>;
  /** Waits for the guest to power off or restart. @throws Error after so many seconds */
  ended(seconds: number): Promise<void>;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

/** Seconds for one command in the guest, several times what they take. */
const COMMAND_SECONDS = 60;

/** Switches a machine on, when it is its turn. @throws Error when QEMU does not start */
export async function startMachine({ disk, boot }: MachineOptions): Promise<Machine> {
  // What a test writes need not survive the machine that runs it.
  const drive = `file=${disk},format=qcow2,if=none,id=root,cache=unsafe`;
  const cycle = await powerOn(["-drive", drive, "-device", "virtio-blk-pci,drive=root", ...boot]);
  let guest: Promise<GuestShell> | undefined;
  const shell = async (command: string, seconds = COMMAND_SECONDS): Promise<Answer> => {
    guest ??= openGuestShell(cycle);
    return (await guest)(command, seconds);
  };
  return {
    console: cycle.console,
    ended: cycle.ended,
    kill: cycle.kill,
    shell,
    see: (pattern, seconds) =>
      cycle.wait(`the console to show ${pattern}`, seconds, () => pattern.exec(cycle.console())?.[0]),
    async expect(command, seconds) {
      const { status, output } = await shell(command, seconds);
      if (status !== 0) throw new Error(`in the guest, \`${command}\` ended with ${status}: ${output}`);
      return output;
    },
    async monitor(line) {
      (await dial(cycle, cycle.monitorPath)).end(`${line}\n`);
    },
  };
}
