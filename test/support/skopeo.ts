/** The real skopeo: Debian 13's, which knows sigstore's keys. */
import { execFileSync, spawn } from "node:child_process";
import { peer } from "./peers.ts";

export const skopeoPeer = peer("skopeo", { suite: "trixie" });

/** Runs skopeo; returns what it prints. */
export function skopeo(args: readonly string[], env: Record<string, string> = {}): string {
  const [program, ...first] = skopeoPeer.argv;
  return execFileSync(program!, [...first, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
}

/** Whether skopeo does it. What it talks to may be in this process. */
export async function skopeoAgrees(args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  const [program, ...first] = skopeoPeer.argv;
  const child = spawn(program!, [...first, ...args], { env: { ...process.env, ...env }, stdio: "ignore" });
  return new Promise((done, reject) => child.on("error", reject).on("exit", (status) => done(status === 0)));
}
