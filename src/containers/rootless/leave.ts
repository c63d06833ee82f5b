/** Ending a user's namespace with the last who needs it. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { close } from "../../linux/index.ts";
import { identify } from "../runtime/process-identity.ts";
import { endHolder, lockNamespace, readHolder } from "./holder.ts";

/** What a command calls itself that will do nothing more; a container that does so is still watched by another process. */
const LEAVING = "atomic-leaves";

/**
 * Ends the holder of the namespace this process is in, unless another process is there: a container, what watches it, or
 * another command that is not leaving.
 */
export function leaveUserNamespace(run: string): void {
  writeFileSync("/proc/self/comm", LEAVING);
  const lock = lockNamespace(run);
  try {
    const holder = readHolder(run);
    const own = namespaceOf("self");
    if (holder === undefined || own === undefined || namespaceOf(String(holder.pid)) !== own) return;
    const here = [String(process.pid), String(holder.pid)];
    const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && !here.includes(name));
    if (!others.some((pid) => namespaceOf(pid) === own && !isLeaving(pid))) endHolder(run, holder);
  } finally {
    close(lock);
  }
}

/** Undefined for a process that has ended, or is another's. */
function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined;
  }
}

/** Whether a process has ended or is about to. */
function isLeaving(pid: string): boolean {
  try {
    return identify(Number(pid)) === undefined || readFileSync(`/proc/${pid}/comm`, "utf8") === `${LEAVING}\n`;
  } catch {
    return true;
  }
}
