/** OCI bundles on a busybox root. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseConfig } from "../../src/containers/spec/config.ts";
import { busyboxRoot } from "./busybox.ts";
import { type Changes, launchRequest } from "./containers.ts";

/** A directory with `config.json` and `rootfs`, for a container that sleeps unless `changes` says otherwise. */
export function makeBundle(changes: Changes = {}): string {
  const rootfs = changes.rootfs ?? busyboxRoot(["grep", "pwd", "sed", "tty", "stty"]);
  const { config } = launchRequest({ args: ["sleep", "1000"], ...changes, rootfs });
  const json = JSON.stringify({ ...config, root: { path: "rootfs", readonly: config.root?.readonly ?? false } });
  parseConfig(json);
  writeFileSync(join(dirname(rootfs), "config.json"), json);
  return dirname(rootfs);
}
