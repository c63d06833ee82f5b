/** OpenSSH's server on the loopback, as another machine that a user logs in to with a key. */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, listening } from "./listening.ts";
import { tempDir } from "./temp.ts";

export interface Sshd {
  port: number;
  /** Its public key, as known_hosts has it behind the host's name. */
  hostKey: string;
  /** The file of the private key that may log in as root. */
  identity: string;
  close(): void;
}

/** Starts a server with new keys, which ends with the test process at the latest. Needs root. */
export async function sshd(): Promise<Sshd> {
  const dir = tempDir();
  const [hostKey, identity] = [newSshKey(join(dir, "host")), newSshKey(join(dir, "user"))];
  const port = await freePort();
  copyFileSync(`${identity}.pub`, join(dir, "authorized_keys"));
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    "PidFile none",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "StrictModes no",
    "UsePAM no",
  ];
  writeFileSync(join(dir, "config"), `${config.join("\n")}\n`);
  // Debian's server will not start without it; systemd makes it where the service is used.
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  // Its path must be absolute: it starts itself again for each connection.
  const child = spawn("/usr/sbin/sshd", ["-D", "-f", join(dir, "config"), "-E", join(dir, "log")], { stdio: "ignore" });
  child.unref();
  const close = () => void child.kill();
  process.on("exit", close);
  await listening("sshd", port, () => child.exitCode);
  return { port, hostKey: readFileSync(`${hostKey}.pub`, "utf8").trim(), identity, close };
}

/** Makes a pair of keys; returns `file`, the private one. */
export function newSshKey(file: string): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return file;
}
