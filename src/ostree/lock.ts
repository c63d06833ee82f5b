/** File locks: one writer at a time; a second one waits a while, then says who holds it. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AtomicError, isAtomicError } from "../errors.ts";
import { close, flock, ftruncate, O_CREAT, O_NOFOLLOW, O_RDWR, open, pread, write } from "../linux/index.ts";
import type { Repo } from "./repo.ts";

/** How long a second writer waits for one and the same holder, in milliseconds; ATOMIC_LOCK_PATIENCE overrides it. */
const PATIENCE = 10_000;
const FIRST_POLL = 2;
const LAST_POLL = 50;

/** Runs `work` as the store's only writer. @throws AtomicError locked (naming the holder), read-only */
export async function withRepoLock<T>(repo: Repo, work: () => T | Promise<T>): Promise<T> {
  if (repo.readOnly) {
    throw new AtomicError("read-only", `writing to ${repo.path}: it uses a feature that this atomic can only read`);
  }
  return withFileLock(join(repo.path, "lock"), work);
}

/**
 * Runs `work` while holding an exclusive flock on the file `path`, made if absent. The kernel drops the lock when the
 * process ends, however it ends.
 * @param patience milliseconds to wait for one and the same holder
 * @throws AtomicError locked when one other process holds it for longer than the wait
 */
export async function withFileLock<T>(path: string, work: () => T | Promise<T>, patience = PATIENCE): Promise<T> {
  const fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
  try {
    await untilLocked(fd, path, patience);
    ftruncate(fd, 0);
    write(fd, Buffer.from(`${process.pid} ${process.argv.slice(2).join(" ")}\n`));
    return await work();
  } finally {
    close(fd);
  }
}

/** Where the lock goes from hand to hand, each of a hundred waits for its turn; only one who does not let go is reported. */
async function untilLocked(fd: number, path: string, usual: number): Promise<void> {
  const patience = Number(process.env["ATOMIC_LOCK_PATIENCE"] ?? usual);
  let [held, since] = ["", Date.now()];
  for (let poll = FIRST_POLL; !tryLock(fd); poll = Math.min(poll * 2, LAST_POLL)) {
    const holder = holderIn(fd);
    if (holder !== held) [held, since] = [holder, Date.now()];
    if (Date.now() - since >= patience) throw heldBy(holder, path);
    await sleep(poll);
  }
}

function tryLock(fd: number): boolean {
  try {
    flock(fd, "exclusive", { nonblocking: true });
    return true;
  } catch (error) {
    if (isAtomicError(error, "locked")) return false;
    throw error;
  }
}

function holderIn(fd: number): string {
  const buffer = Buffer.alloc(200);
  return buffer
    .subarray(0, pread(fd, buffer, 0))
    .toString("utf8")
    .trim();
}

function heldBy(holder: string, path: string): AtomicError {
  const [pid = "?"] = holder.split(" ");
  return new AtomicError("locked", `locking ${path}: held by process ${holder === "" ? "unknown" : holder}`, {
    hint: `ps -fp ${pid}`,
  });
}
