/** What installing writes into the first deployment's `/etc`; upgrades keep it, as any edit. */
import { join } from "node:path";
import type { Durable } from "../../durable.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import { readFile } from "../../linux/index.ts";

const MAX_FILE = 1024 * 1024;
/** One line: type, key, comment. */
const PUBLIC_KEY = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+(?: [^\n]*)?$/;

/** Has the boot directory, a filesystem of its own, mounted at `/boot`, unless `/etc/fstab` says something about it. */
export function mountBoot(disk: Durable, etc: string, bootUuid: string): void {
  const path = join(etc, "fstab");
  const before = readIfPresent(path);
  if (/^[^#\s]\S*\s+\/boot\s/m.test(before)) return;
  // Without it the host still starts, but is not known to be good; a slow machine may need long to find it.
  const line = `UUID=${bootUuid} /boot vfat umask=0077,nofail,x-systemd.device-timeout=10min,nosuid,nodev,noexec 0 2\n`;
  disk.replaceFile(
    path,
    Buffer.from(`${before === "" || before.endsWith("\n") ? before : `${before}\n`}${line}`),
    0o644,
  );
}

/**
 * Has the first boot give these keys to root; the home directory is in `/var`, which an image cannot fill later.
 * @param keys the text of an `authorized_keys` file
 * @throws AtomicError invalid when it holds no key
 */
export function authorizeRoot(disk: Durable, etc: string, keys: string): void {
  const lines = keys
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const wrong = lines.find((line) => !PUBLIC_KEY.test(line));
  if (lines.length === 0 || wrong !== undefined) {
    throw new AtomicError("invalid", "reading the ssh keys of root: expected lines of 'TYPE KEY COMMENT'", {
      hint: "ssh-keygen -l -f FILE",
    });
  }
  const content = Buffer.from(`${lines.join("\n")}\n`).toString("base64");
  const text = `d /root/.ssh 0700 root root -\nf~ /root/.ssh/authorized_keys 0600 root root - ${content}\n`;
  disk.ensureDirectory(join(etc, "tmpfiles.d"), 0o755);
  disk.replaceFile(join(etc, "tmpfiles.d/atomic-root-ssh.conf"), Buffer.from(text), 0o600);
}

/** The text of a file; empty when it is missing. */
function readIfPresent(path: string): string {
  try {
    return readFile(path, MAX_FILE).toString("utf8");
  } catch (error) {
    if (isAtomicError(error, "not-found")) return "";
    throw error;
  }
}
