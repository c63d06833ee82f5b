/** The Bun that builds, tests and is inside the executable: the one for CPUs without AVX2 on x86-64. */
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "..");

const PACKAGES = { x64: "bun-linux-x64-baseline", arm64: "bun-linux-aarch64" };

/** Its path, installed or not. @throws Error on another kind of machine */
export function bunPath() {
  const name = process.platform === "linux" ? PACKAGES[process.arch] : undefined;
  if (name === undefined)
    throw new Error(`atomic runs on Linux x64 and arm64, not on ${process.platform} ${process.arch}`);
  return join(ROOT, "node_modules/@oven", name, "bin/bun");
}
