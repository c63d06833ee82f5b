/**
 * The host's side of a launch program after the container has started: forwards signals, reaps, keeps what the
 * container prints, and records how it ended. docs/formats.md describes the files.
 */
import {
  addressOf,
  type Assembler,
  CLOCK_REALTIME,
  F_SETFL,
  type Label,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  offsetFrom,
  SIG_SETMASK,
  SIGCHLD,
  type Slot,
  slotAt,
} from "../../linux/index.ts";
import { closeFd, openHost } from "./calls.ts";
import type { ProcessContext } from "./context.ts";
import { LOG_FILE, OLD_LOG_FILE } from "./files.ts";
import { recordExit } from "./record-exit.ts";
import type { MonitorRequest } from "./request.ts";

export const ALL_SIGNALS = -1;
const WNOHANG = 1;
const SIGINFO_SIZE = 128;
const SIGINFO_CODE = 8;
/** The kernel sent it, as for a key of the terminal. */
const SI_KERNEL = 0x80;
export const MAX_FD = 0xffffffff;
const POLLIN = 1n;
/** A `struct pollfd` as one word: descriptor, events from bit 32, what happened from bit 48. */
const POLL_EVENTS = 32n;
const POLL_RESULT = 48;
const NO_FD = 0xffffffffn;
const BUFFER_SIZE = 16 * 1024;
const FRAME_SIZE = 32;
const FILE_MODE = 0o600;

/** A stream of the container that is kept: what it writes to, what is read from. */
export interface Captured {
  /** 1 or 2. */
  stream: number;
  read: Slot;
  /** None for a terminal. */
  write?: Slot;
}

/**
 * Before the first process is made: no signal may arrive unseen. The process sets its own mask later. What a terminal
 * sends to its foreground group goes to the caller alone, who passes it on like any other signal.
 */
export function blockSignals(asm: Assembler): void {
  asm.step("blocking signals");
  asm.call("setpgid", [0, 0], { onError: "ignore" }); // a session's leader needs none
  asm.call("rt_sigprocmask", [SIG_SETMASK, asm.words([ALL_SIGNALS]), 0, 8]);
}

/** Waits for the container to end, and ends with its exit status: 128 and the signal where one killed it. */
export function watch(
  context: ProcessContext,
  pid: Slot,
  request: MonitorRequest,
  captured: readonly Captured[],
): void {
  const { asm } = context;
  asm.step("keeping nothing of the container open");
  const streams = captured.map(({ stream, read }) => {
    const fd = 2 + stream;
    asm.call("dup3", [read, fd, O_CLOEXEC]);
    asm.call("fcntl", [fd, F_SETFL, O_NONBLOCK]);
    return { stream, fd };
  });
  const kept = 3 + streams.length;
  asm.call("close_range", [kept, MAX_FD, 0]);
  if (streams.length === 0) closeFd(asm, 3);
  if (request.detached) asm.call("setsid", [], { onError: "ignore" });
  // What the caller's terminal or the container's shows is none of its business; but while the log keeps one end of the
  // container's, the other stays open, or there would be no reading from it between two programs.
  const kept0 = request.log && context.request.terminal !== undefined;
  if (request.detached || context.request.terminal !== undefined) forgetStreams(asm, kept0 ? [1, 2] : [0, 1, 2]);
  asm.call("chdir", [asm.text("/")]);

  asm.step("watching the container");
  const directory =
    request.directory === undefined ? undefined : openHost(asm, request.directory, O_PATH | O_DIRECTORY);
  const signals = asm.slot();
  asm.call("signalfd4", [-1, asm.words([ALL_SIGNALS]), 8, O_CLOEXEC | O_NONBLOCK], { store: signals });
  const status = asm.slot();
  const log = streams.length === 0 ? undefined : openLog(asm, directory!, request.maxLog);
  const ended = asm.label("ended");
  loop(asm, { pid, status, signals, ended, streams, log });

  asm.place(ended);
  for (const { stream, fd } of streams) drain(asm, log!, stream, fd);
  recordExit(asm, directory, status, request.successor);
}

function forgetStreams(asm: Assembler, streams: readonly number[]): void {
  const nothing = openHost(asm, "/dev/null", O_RDWR);
  for (const fd of streams) asm.call("dup3", [nothing, fd, 0]);
  closeFd(asm, nothing);
}

interface Watched {
  pid: Slot;
  status: Slot;
  signals: Slot;
  ended: Label;
  streams: readonly { stream: number; fd: number }[];
  log: Log | undefined;
  /** The terminal sends its signals to the watched process as well. */
  isInside?: boolean;
}

/** Forwards signals to a process, reaps others and keeps its streams, until it has ended: then at `ended`. */
export function loop(asm: Assembler, watched: Watched): void {
  const { signals, streams, log } = watched;
  const count = 1 + streams.length;
  const fds = asm.words(Array.from({ length: count }, () => 0));
  asm.compute(signals, { subtract: -(POLLIN << POLL_EVENTS), store: slotAt(fds) });
  for (const [index, { fd }] of streams.entries())
    asm.compute(BigInt(fd) | (POLLIN << POLL_EVENTS), { store: slotAt(offsetFrom(fds, (index + 1) * 8)) });
  const again = asm.label("again");
  asm.place(again);
  asm.call("ppoll", [fds, count, 0, 0, 0], { onError: again });
  for (const [index, { stream, fd }] of streams.entries()) {
    const word = slotAt(offsetFrom(fds, (index + 1) * 8));
    const [idle, end] = [asm.label("idle"), asm.label("end")];
    asm.compute(word, { shift: POLL_RESULT, onZero: idle });
    copy(asm, log!, { stream, fd, ended: end, failed: idle });
    asm.jump(idle);
    asm.place(end);
    asm.compute(NO_FD, { store: word });
    asm.place(idle);
  }
  const [signalled, info, signal] = [asm.label("signalled"), asm.bytes(Buffer.alloc(SIGINFO_SIZE)), asm.slot()];
  asm.call("read", [signals, info, SIGINFO_SIZE], { onError: again });
  asm.compute(slotAt(info), { mask: 0xffffffffn, store: signal });
  asm.compute(signal, { subtract: SIGCHLD, onZero: signalled });
  const code = slotAt(offsetFrom(info, SIGINFO_CODE));
  if (watched.isInside === true) asm.compute(code, { mask: 0xffffffffn, subtract: SI_KERNEL, onZero: again });
  asm.call("kill", [watched.pid, signal], { onError: "ignore" });
  asm.jump(again);
  asm.place(signalled);
  const who = asm.slot();
  asm.call("wait4", [-1, addressOf(watched.status), WNOHANG, 0], { store: who, onError: again, onZero: again });
  asm.compute(who, { subtract: watched.pid, onZero: watched.ended });
  asm.jump(signalled);
}

interface Log {
  directory: Slot;
  fd: Slot;
  /** Room left before the file is put aside. */
  room: Slot;
  max: number;
  buffer: ReturnType<Assembler["bytes"]>;
  /** Seconds, nanoseconds, stream, length. */
  frame: ReturnType<Assembler["words"]>;
  vector: ReturnType<Assembler["words"]>;
}

function openLog(asm: Assembler, directory: Slot, max: number): Log {
  const buffer = asm.bytes(Buffer.alloc(BUFFER_SIZE));
  const frame = asm.words([0, 0, 0, 0]);
  const vector = asm.words([frame, FRAME_SIZE, buffer, 0]);
  const log: Log = { directory, fd: asm.slot(), room: asm.slot(BigInt(max)), max, buffer, frame, vector };
  openLogFile(asm, log);
  return log;
}

function openLogFile(asm: Assembler, { directory, fd }: Log): void {
  const flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
  asm.call("openat", [directory, asm.text(LOG_FILE), flags, FILE_MODE], { store: fd });
}

/** Moves what there is to read of a stream into the log as one frame; a full log is put aside. */
function copy(
  asm: Assembler,
  log: Log,
  { stream, fd, ended, failed }: { stream: number; fd: number; ended: Label; failed: Label },
): void {
  const length = slotAt(offsetFrom(log.frame, 24));
  const [fits, size] = [asm.label("fits"), asm.slot()];
  asm.call("read", [fd, log.buffer, BUFFER_SIZE], { store: length, onError: failed, onZero: ended });
  asm.call("clock_gettime", [CLOCK_REALTIME, log.frame], { onError: "ignore" });
  asm.compute(stream, { store: slotAt(offsetFrom(log.frame, 16)) });
  asm.compute(length, { store: slotAt(offsetFrom(log.vector, 24)) });
  asm.compute(length, { subtract: -FRAME_SIZE, store: size });
  asm.compute(log.room, { subtract: size, store: log.room });
  asm.compute(log.room, { shift: 63, onZero: fits }); // its sign
  asm.compute(log.max, { subtract: size, store: log.room });
  closeFd(asm, log.fd);
  const [old, current] = [asm.text(OLD_LOG_FILE), asm.text(LOG_FILE)];
  asm.call("renameat2", [log.directory, current, log.directory, old, 0], { onError: "ignore" });
  openLogFile(asm, log);
  asm.place(fits);
  asm.call("writev", [log.fd, log.vector, 2], { onError: "ignore" }); // a full disk does not end a container
}

function drain(asm: Assembler, log: Log, stream: number, fd: number): void {
  const [again, empty] = [asm.label("again"), asm.label("empty")];
  asm.place(again);
  copy(asm, log, { stream, fd, ended: empty, failed: empty });
  asm.jump(again);
  asm.place(empty);
}
