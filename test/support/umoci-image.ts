/** An image that umoci made, and what umoci says its tree is. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listing } from "./listing.ts";
import { makeOstreeTree } from "./ostree.ts";

/** Bytes of a layer that cannot be compressed, so that a pull of it can be cut off. */
const RANDOM = 8 * 1024 * 1024;

/** Makes a layout of an image `1` of three layers, the upper ones with whiteouts, in a new directory. Needs root. */
export function makeUmociImage(layout: string, work: string): void {
  const bundle = join(work, "bundle");
  const rootfs = join(bundle, "rootfs");
  umoci("init", "--layout", layout);
  umoci("new", "--image", `${layout}:1`);
  umoci("unpack", "--image", `${layout}:1`, bundle);
  rmSync(rootfs, { recursive: true });
  makeOstreeTree(rootfs);
  writeFileSync(join(rootfs, "usr/lib/random"), randomBytes(RANDOM));
  for (const name of ["gone", "refilled", "replaced"]) {
    mkdirSync(join(rootfs, name));
    writeFileSync(join(rootfs, name, "file"), name);
  }
  repack();
  rmSync(join(rootfs, "gone"), { recursive: true });
  rmSync(join(rootfs, "refilled"), { recursive: true });
  rmSync(join(rootfs, "usr/etc/same-bytes"));
  rmSync(join(rootfs, "replaced"), { recursive: true });
  writeFileSync(join(rootfs, "replaced"), "now a file");
  repack();
  mkdirSync(join(rootfs, "refilled"));
  writeFileSync(join(rootfs, "refilled/other"), "new");
  writeFileSync(join(rootfs, "usr/etc/hostname"), "changed\n");
  repack();

  function repack(): void {
    umoci("repack", "--refresh-bundle", "--image", `${layout}:1`, bundle);
  }
}

/** The tree of an image of a layout, as umoci unpacks it. */
export function umociListing(image: string, work: string): string[] {
  const bundle = join(work, `unpacked-${randomBytes(4).toString("hex")}`);
  umoci("unpack", "--image", image, bundle);
  return listing(join(bundle, "rootfs"));
}

/** Runs umoci. */
export function umoci(...args: string[]): void {
  execFileSync("umoci", args, { stdio: "pipe" });
}
