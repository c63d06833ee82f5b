/** A process's terminal: its standard streams are the one end already; the other stays with the caller, or is sent on. */
import { AtomicError } from "../../errors.ts";
import { AT_EMPTY_PATH, O_CLOEXEC, OPEN_TREE_CLONE, type Slot } from "../../linux/index.ts";
import { attach, closeFd, emptyPath } from "./calls.ts";
import type { LaunchContext, ProcessContext } from "./context.ts";
import { type ProcessRequest, reportFd } from "./request.ts";
import { openTarget } from "./targets.ts";

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const MAX_SOCKET_PATH = 107;
const TIOCSCTTY = 0x540e;
const SCM_RIGHTS = (1n << 32n) | 1n; // SOL_SOCKET in the low half

/** The descriptor of the end that is not the process's: the second after the one reports are written to. */
export function masterFd(request: ProcessRequest): number {
  return reportFd(request) + 2;
}

/**
 * On the host's side: sends the other end to the socket that is asked to take it, as container engines expect.
 * @throws AtomicError invalid when the socket's path is too long
 */
export function sendTerminal({ asm, request }: ProcessContext): void {
  const path = request.terminal?.socket;
  if (path === undefined) return;
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH || path.includes("\0"))
    throw new AtomicError("invalid", `sending a terminal to ${JSON.stringify(path)}: a socket's path is shorter`);
  asm.step(`sending the terminal to ${path}`);
  const socket = asm.slot();
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path), Buffer.alloc(1)]);
  asm.call("socket", [AF_UNIX, SOCK_STREAM_CLOEXEC, 0], { store: socket });
  asm.call("connect", [socket, asm.bytes(address), address.length]);
  // struct cmsghdr with one descriptor; struct msghdr: name, its length, vector, count, control, its length, flags
  const control = asm.words([20, SCM_RIGHTS, masterFd(request)]);
  const name = "/dev/ptmx";
  const vector = asm.words([asm.text(name), name.length]);
  asm.call("sendmsg", [socket, asm.words([0, 0, vector, 1, control, 24, 0]), 0]);
  closeFd(asm, socket);
}

/** In the process, which leads its session: its terminal becomes the one that controls it. */
export function controlTerminal({ asm, request }: ProcessContext): void {
  if (request.terminal === undefined) return;
  asm.step("taking control of the terminal");
  asm.call("ioctl", [0, TIOCSCTTY, 0]);
}

/** Mounts the terminal on /dev/console. It is found by its descriptor: names in an image may lead elsewhere. */
export function mountConsole({ asm, request }: LaunchContext, root: Slot): void {
  if (request.terminal === undefined) return;
  asm.step("mounting the terminal on /dev/console");
  const [target, tree] = [asm.slot(), asm.slot()];
  openTarget(asm, root, { path: "dev/console", kind: "file", noSymlinks: true }, target);
  asm.call("open_tree", [0, emptyPath(asm), OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH], { store: tree });
  attach(asm, tree, target);
  for (const fd of [tree, target]) closeFd(asm, fd);
}
