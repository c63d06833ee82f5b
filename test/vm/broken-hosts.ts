/** Versions of the test host that boot as far as they can, each stopped by something else. */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { atomic } from "./atomic.ts";

export interface Breakage {
  /** Committed as `broken/NAME`, which is its version too. */
  name: string;
  /** The file that is added or replaced. */
  path: string;
  content: string;
}

const UNIT = "usr/lib/systemd/systemd";

export const BREAKAGES: readonly Breakage[] = [
  // Not broken: another version with the same kernel.
  { name: "twin", path: "usr/share/vm-test/version", content: "twin\n" },
  {
    name: "health",
    path: "usr/lib/atomic/health.d/required.d/50-upside-down.sh",
    content: "#!/bin/sh\necho the disk is upside down\nexit 3\n",
  },
  { name: "init", path: UNIT, content: "#!/bin/sh\necho init crashes >/dev/console\nexit 1\n" },
  // Without an init in the initramfs the kernel looks for a root itself, and panics.
  { name: "kernel", path: "usr/lib/bootc/kargs.d/50-panic.toml", content: 'kargs = ["rdinit=/missing"]\n' },
];

/** Commits the tree with one breakage; the tree is as before afterwards. */
export function commitBroken(store: string, tree: string, { name, path, content }: Breakage): void {
  const full = join(tree, path);
  const before = statSync(full, { throwIfNoEntry: false }) && readFileSync(full);
  mkdirSync(dirname(full), { recursive: true, mode: 0o755 });
  replace(full, content);
  atomic("repo", "commit", "--repo", store, "--tree", tree, "--ref", `broken/${name}`, "--version", name);
  if (before === undefined) rmSync(full);
  else replace(full, before);
}

/** As a new file: the old one may be an object's second name. */
function replace(path: string, content: string | Buffer): void {
  rmSync(path, { force: true });
  writeFileSync(path, content, { mode: 0o755 });
}
