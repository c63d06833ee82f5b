/**
 * The process that keeps a user's user namespace and its mounts while nobody else is in it: a launch program that waits.
 * docs/formats.md, "Containers of a user".
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import {
  close,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  createAssembler,
  flock,
  O_CREAT,
  O_NOFOLLOW,
  O_RDWR,
  open,
  pipe,
  type Program,
  write,
} from "../../linux/index.ts";
import { closeFd, openHost } from "../launch/calls.ts";
import { MAX_FD } from "../launch/monitor.ts";
import { reportFailure, reportPid } from "../launch/report.ts";
import { startLaunch } from "../launch/start.ts";
import { identify, isAlive, type ProcessIdentity } from "../runtime/process-identity.ts";
import { mapUser } from "./map-user.ts";

const RECORD = "holder.json";
const LOCK = "lock";
const [REPORT, GO] = [3, 4];

/** Makes whoever enters or leaves the namespace wait for each other. @returns a descriptor; closing it unlocks */
export function lockNamespace(run: string): number {
  const fd = open(join(run, LOCK), O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  flock(fd, "exclusive");
  return fd;
}

/** The holder, if it lives. */
export function readHolder(run: string): ProcessIdentity | undefined {
  try {
    const { format, pid, startTime } = JSON.parse(readFileSync(join(run, RECORD), "utf8")) as Record<string, unknown>;
    if (format !== 1 || !Number.isInteger(pid) || typeof startTime !== "string") return undefined;
    const holder = { pid: pid as number, startTime };
    return isAlive(holder) ? holder : undefined;
  } catch {
    return undefined; // none so far, or cut off while it was written: a new one is made
  }
}

/**
 * Makes the namespace. The caller holds the lock.
 * @returns its holder, and why it has only one ID, if that is so
 * @throws AtomicError unsupported where the host lets users make none; child-failed
 */
export function makeHolder(
  run: string,
  ids: { uid: number; gid: number },
): { holder: ProcessIdentity; alone?: string } {
  const go = pipe();
  try {
    const { pid, failure } = startLaunch(compileHolder(), [0, 1, 2], { more: [go.read] });
    const holder = pid === undefined ? undefined : identify(pid);
    if (failure !== undefined || holder === undefined) throw noNamespace(failure);
    const alone = mapUser(holder.pid, ids);
    const path = join(run, RECORD);
    writeFileSync(`${path}.new`, `${JSON.stringify({ format: 1, ...holder })}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    write(go.write, Buffer.from("+"));
    return { holder, ...(alone === undefined ? {} : { alone }) };
  } finally {
    // Without a byte it ends: what could not be mapped is of no use.
    for (const fd of [go.read, go.write]) close(fd);
  }
}

/** Ends the namespace as far as nobody is in it. The caller holds the lock. */
export function endHolder(run: string, holder: ProcessIdentity): void {
  rmSync(join(run, RECORD), { force: true });
  process.kill(holder.pid, "SIGKILL");
}

/** Makes the namespaces, says so, and once its IDs are mapped waits to be killed. */
function compileHolder(): Program {
  const asm = createAssembler();
  const [fail, mapped, forever, pid] = [asm.label("fail"), asm.label("mapped"), asm.label("forever"), asm.slot()];
  asm.failTo(fail);
  asm.step("making a user namespace");
  asm.call("unshare", [CLONE_NEWUSER | CLONE_NEWNS]);
  asm.call("getpid", [], { store: pid });
  reportPid(asm, REPORT, pid);
  asm.step("leaving the caller's session and files");
  closeFd(asm, REPORT);
  asm.call("setsid", [], { onError: "ignore" });
  asm.call("chdir", [asm.text("/")]);
  const nothing = openHost(asm, "/dev/null", O_RDWR);
  for (const fd of [0, 1, 2]) asm.call("dup3", [nothing, fd, 0]);
  asm.step("waiting for the ID maps");
  const [result, lost] = [asm.slot(), asm.label("lost")];
  asm.call("read", [GO, asm.bytes(Buffer.alloc(8)), 1], { store: result, onZero: lost });
  asm.jump(mapped);
  asm.place(lost);
  asm.call("exit_group", [1]);
  asm.place(mapped);
  asm.call("close_range", [3, MAX_FD, 0]);
  asm.step("keeping the namespace");
  asm.place(forever);
  asm.call("ppoll", [0, 0, 0, 0, 0], { onError: forever });
  asm.jump(forever);
  asm.place(fail);
  reportFailure(asm, REPORT);
  return asm.finish();
}

function noNamespace(cause: AtomicError | undefined): AtomicError {
  const why = cause?.message ?? "its process ended at once";
  return new AtomicError("unsupported", `running containers as an ordinary user: ${why}`, {
    hint: "sysctl user.max_user_namespaces kernel.unprivileged_userns_clone kernel.apparmor_restrict_unprivileged_userns",
    ...(cause === undefined ? {} : { cause }),
  });
}
