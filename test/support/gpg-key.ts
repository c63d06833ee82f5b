/** OpenPGP keys that live as long as the test process. */
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { tempDir } from "./temp.ts";

export interface GpgKey {
  /** gpg's directory. */
  home: string;
  /** The fingerprint. */
  id: string;
  /** The public key, armored. */
  armored: Buffer;
}

/** A new key. Needs gpg. */
export function gpgKey(name: string): GpgKey {
  const home = tempDir();
  chmodSync(home, 0o700);
  const gpg = (...args: string[]) => execFileSync("gpg", ["--homedir", home, "--batch", ...args], { stdio: "pipe" });
  gpg("--passphrase", "", "--quick-gen-key", `${name}@example.org`, "ed25519", "sign", "never");
  const listing = gpg("--list-keys", "--with-colons").toString();
  const id = /^fpr:+([0-9A-F]+):/m.exec(listing)![1]!;
  process.on("exit", () => execFileSync("gpgconf", ["--homedir", home, "--kill", "all"]));
  return { home, id, armored: gpg("--armor", "--export") };
}
