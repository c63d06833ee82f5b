/** What a reset keeps of the host. */
import { AtomicError } from "../../errors.ts";

/** What `host install` wrote for this machine: without it the machine may not find its disks, or nobody a way in. */
export const ALWAYS_KEPT = ["/etc/fstab", "/etc/crypttab", "/etc/tmpfiles.d/atomic-root-ssh.conf"];

/**
 * Checks a path to keep: absolute, below `/etc` or `/var`, without `.`, `..` or doubled slashes.
 * @returns it without a slash at its end
 * @throws AtomicError usage
 */
export function parseKeptPath(text: string): string {
  const path = text.replace(/\/+$/, "");
  const names = path.split("/").slice(1);
  const plain = names.every((name) => name !== "" && name !== "." && name !== "..") && !path.includes("\0");
  if (plain && names.length > 1 && /^\/(?:etc|var)\//.test(path)) return path;
  throw new AtomicError("usage", `keeping '${text}': expected a path below /etc or /var`, {
    hint: "atomic host reset --keep /var/home",
  });
}
