/** File locks: one writer at a time; a second one waits a while, then says who holds it. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AtomicError, isAtomicError } from "../errors.ts";
import { close, flock, ftruncate, O_CREAT, O_NOFOLLOW, O_RDWR, open, read, write } from "../linux/index.ts";
import type { Repo } from "./repo.ts";

/** How long a second writer waits, in milliseconds; ATOMIC_LOCK_PATIENCE overrides it. */
const PATIENCE = 10_000;
const POLL = 50;

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
 * @throws AtomicError locked when another process still holds it after the wait
 */
export async function withFileLock<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
  try {
    const deadline = Date.now() + Number(process.env["ATOMIC_LOCK_PATIENCE"] ?? PATIENCE);
    while (!tryLock(fd)) {
      if (Date.now() >= deadline) throw heldBy(fd, path);
      await sleep(POLL);
    }
    ftruncate(fd, 0);
    write(fd, Buffer.from(`${process.pid} ${process.argv.slice(2).join(" ")}\n`));
    return await work();
  } finally {
    close(fd);
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

function heldBy(fd: number, path: string): AtomicError {
  const buffer = Buffer.alloc(200);
  const holder = buffer.subarray(0, read(fd, buffer)).toString("utf8").trim();
  const [pid = "?"] = holder.split(" ");
  return new AtomicError("locked", `locking ${path}: held by process ${holder === "" ? "unknown" : holder}`, {
    hint: `ps -fp ${pid}`,
  });
}
