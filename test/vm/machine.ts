/**
 * A virtual machine of one power cycle: console, a shell inside, and the power switch. A reboot of the guest ends it;
 * the next power cycle is a machine of its own on the same disk.
 */
import type { Disk } from "./disk.ts";
import { type Answer, type GuestShell, openGuestShell } from "./guest-shell.ts";
import { powerOn } from "./power-cycle.ts";

export interface MachineOptions {
  /** The machine writes to it. */
  disk: Disk;
  /** A kernel to start in place of the disk's boot loader. */
  direct?: DirectBoot;
  /** More arguments for QEMU. */
  devices?: readonly string[];
  /** The disk as QEMU knows it, when it is more than its file. */
  drive?: readonly string[];
}

export interface DirectBoot {
  linux: string;
  initrd: string;
  kargs: readonly string[];
}

export interface Machine {
  /** What the console has shown so far. */
  console(): string;
  /** Waits until the console has shown `pattern`. @throws Error after so many seconds, or when the machine ends before */
  see(pattern: RegExp, seconds?: number): Promise<string>;
  /** Runs a command in the guest's shell, which it waits for. @throws Error after so many seconds */
  shell(command: string, seconds?: number): Promise<Answer>;
  /** The output of a command that succeeds. @throws Error with what it said when it does not */
  expect(command: string, seconds?: number): Promise<string>;
  /** Waits for the guest to power off or restart. @throws Error after so many seconds */
  ended(seconds?: number): Promise<void>;
  /** Restarts the guest from inside, which ends this machine. */
  restart(): Promise<void>;
  /** Pulls the plug. */
  kill(): Promise<void>;
}

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/** Seconds for what a guest does; several times what it takes, because other work may have the processor. */
const PATIENCE = 900;
/** Firmware and loaders take what comes from a serial port for keys that were pressed. */
const STARTED = /atomic: starting /;

/** The arguments for a file as a further disk, which the guest can only read; `serial` is its name below /dev/disk. */
export function dataDrive(path: string, serial: string): string[] {
  const drive = `file=${path},format=raw,if=none,id=${serial},readonly=on`;
  return ["-drive", drive, "-device", `virtio-blk-pci,drive=${serial},serial=${serial}`];
}

/** Switches a machine on. @throws Error when QEMU does not start */
export async function startMachine({ disk, direct, devices = [], drive }: MachineOptions): Promise<Machine> {
  // What a test writes need not survive the machine that runs it.
  const root = drive ?? ["-drive", `file=${disk.path},format=raw,if=none,id=root,cache=unsafe`];
  const cycle = await powerOn([
    ...[...root, "-device", "virtio-blk-pci,drive=root"],
    ...(direct === undefined ? firmware(disk) : directly(direct)),
    ...devices,
  ]);
  const see = (pattern: RegExp, seconds = PATIENCE): Promise<string> =>
    cycle.wait(`the console to show ${pattern}`, seconds, () => pattern.exec(cycle.console())?.[0]);
  let guest: Promise<GuestShell> | undefined;
  const shell = async (command: string, seconds = PATIENCE): Promise<Answer> => {
    guest ??= see(STARTED).then(() => openGuestShell(cycle));
    return (await guest)(command, seconds);
  };
  return {
    console: cycle.console,
    ended: (seconds = PATIENCE) => cycle.ended(seconds),
    kill: cycle.kill,
    shell,
    see,
    async expect(command, seconds) {
      const { status, output } = await shell(command, seconds);
      if (status === 0) return output;
      const kernel = await shell("dmesg --level=err,warn | tail -n 5").catch(() => ({ output: "(no answer)" }));
      throw new Error(
        `in the guest, \`${command}\` ended with ${status}: ${output}\nits kernel warned last: ${kernel.output}`,
      );
    },
    async restart() {
      await shell("systemctl reboot --no-block");
      await cycle.ended(PATIENCE);
    },
  };
}

function firmware({ variables }: Disk): string[] {
  return [
    ...["-drive", `if=pflash,format=raw,readonly=on,file=${FIRMWARE}`],
    ...["-drive", `if=pflash,format=raw,file=${variables}`],
  ];
}

function directly({ linux, initrd, kargs }: DirectBoot): string[] {
  return ["-kernel", linux, "-initrd", initrd, "-append", kargs.join(" ")];
}
