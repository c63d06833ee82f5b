/** Pseudo-terminals of any devpts. Spec: pty(7), ioctl_tty(2) */
import { failure } from "./errno.ts";
import { close, openAt } from "./files.ts";
import { O_CLOEXEC, O_NOCTTY, O_PATH, O_RDWR } from "./flags.ts";
import { cFunction, lastErrno } from "./libc.ts";
import { openAt2, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV } from "./openat2.ts";
import { statfs } from "./statfs.ts";

const ioctlBytes = cFunction<[number, number, Uint8Array]>("int ioctl(int, unsigned long, void *)");
const ioctlNumber = cFunction<[number, number, number]>("int ioctl(int, unsigned long, unsigned long)");

const TCGETS = 0x5401;
const TERMIOS_BYTES = 64;
const TIOCGWINSZ = 0x5413;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTPEER = 0x5441;
const DEVPTS_MAGIC = 0x1cd1;
const ENOTTY = 25;

/** The two ends of a terminal: what is written to one is read from the other. */
export interface Terminal {
  /** Whoever holds it is the terminal's user. */
  master: number;
  /** The end for programs. */
  slave: number;
}

export interface WindowSize {
  rows: number;
  columns: number;
}

/**
 * A new terminal of the devpts whose root is open at `directory`; nothing that is mounted on or in it is followed.
 * @throws KernelError invalid when it is no devpts, no-space when it has no more terminals, and others
 */
export function openTerminal(directory: number): Terminal {
  const doing = "making a terminal";
  const device = openAt2(directory, "ptmx", {
    flags: O_PATH,
    resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
  });
  let master: number;
  try {
    const path = `/proc/self/fd/${device}`;
    if (statfs(path).type !== DEVPTS_MAGIC)
      throw failure(doing, { errno: "EINVAL", codes: { EINVAL: "invalid" }, texts: { EINVAL: "it is no devpts" } });
    master = openAt(directory, path, O_RDWR | O_NOCTTY);
  } finally {
    close(device);
  }
  const locked = new Uint8Array(4);
  const slave =
    ioctlBytes(master, TIOCSPTLCK, locked) < 0 ? -1 : ioctlNumber(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave >= 0) return { master, slave };
  const error = failure(doing, { feature: "TIOCGPTPEER" });
  close(master);
  throw error;
}

/** Whether `fd` is a terminal; what is not open is none. */
export function isTerminal(fd: number): boolean {
  return ioctlBytes(fd, TCGETS, new Uint8Array(TERMIOS_BYTES)) === 0;
}

/** The size of the window a terminal is shown in; undefined for what is no terminal. @throws KernelError */
export function windowSize(fd: number): WindowSize | undefined {
  const size = new Uint16Array(4);
  if (ioctlBytes(fd, TIOCGWINSZ, new Uint8Array(size.buffer)) < 0) {
    if (lastErrno() === ENOTTY) return undefined;
    throw failure("reading the window size of", { fd });
  }
  return { rows: size[0]!, columns: size[1]! };
}

/** Tells a terminal's programs the size of its window, from either end. @throws KernelError */
export function setWindowSize(fd: number, { rows, columns }: WindowSize): void {
  const size = new Uint16Array([rows, columns, 0, 0]);
  if (ioctlBytes(fd, TIOCSWINSZ, new Uint8Array(size.buffer)) < 0) throw failure("setting the window size of", { fd });
}
