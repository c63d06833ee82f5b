/** The real ostree, and trees for it. */
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createDurable } from "../../src/durable.ts";
import { bytes, xattrs } from "./tree-builder.ts";
import { peer } from "./peers.ts";

export const ostreePeer = peer("ostree");

/** Runs ostree; returns what it prints. */
export function ostree(...args: string[]): string {
  const [program, ...first] = ostreePeer.argv;
  return execFileSync(program!, [...first, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A tree with one of everything that OSTree can hold. Needs root. */
export function makeOstreeTree(path: string): void {
  const disk = createDurable();
  for (const name of ["", "usr", "usr/bin", "usr/etc", "usr/lib", "empty"])
    mkdirSync(join(path, name), { mode: 0o755 });
  writeFileSync(join(path, "usr/bin/tool"), "#!/bin/sh\necho tool\n");
  linkSync(join(path, "usr/bin/tool"), join(path, "usr/bin/again"));
  writeFileSync(join(path, "usr/etc/hostname"), "demo\n");
  writeFileSync(join(path, "usr/etc/same-bytes"), "demo\n");
  writeFileSync(join(path, "usr/etc/empty"), "");
  writeFileSync(join(path, "usr/etc/größe ☃\n"), "odd name\n");
  writeFileSync(join(path, "usr/lib/large"), Buffer.alloc(3 * 1024 * 1024 + 17, "large file "));
  writeFileSync(join(path, "usr/lib/zeros"), Buffer.alloc(20 * 1024 * 1024));
  symlinkSync("../bin/tool", join(path, "usr/lib/link"));
  symlinkSync("/nowhere/größe", join(path, "usr/lib/dangling"));
  chmodSync(join(path, "usr/bin/tool"), 0o4755);
  chmodSync(join(path, "usr/etc/same-bytes"), 0o600);
  chmodSync(join(path, "empty"), 0o1777);
  const values = { "user.note": "kept \0 whole", "security.capability": "\x01\0\0\x02\0\x04".padEnd(20, "\0") };
  disk.setMetadata(join(path, "usr/lib/large"), { uid: 1000, gid: 70000, xattrs: xattrs(values) });
  disk.setMetadata(join(path, "usr/lib"), { xattrs: [{ name: bytes("user.dir"), value: bytes("x") }] });
}
