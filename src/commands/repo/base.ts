/** What the verbs of a store share: which store they mean. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createDurable } from "../../durable.ts";
import { openRepo, type Repo } from "../../ostree/index.ts";
import { directoryFlag } from "../args.ts";
import { BaseCommand, globalFlags } from "../base.ts";

/** Where the physical root of the running host is, whose `/` is a deployment. */
const BOOTED = "/sysroot";

/** A verb that works on one store. */
export abstract class RepoCommand extends BaseCommand {
  static override baseFlags = {
    ...globalFlags,
    repo: directoryFlag({ summary: "the store; SYSROOT/atomic/repo if left out", helpGroup: "GLOBAL" }),
  };

  /** Opens the store the flags name. @throws AtomicError not-found, unsupported */
  protected open(flags: { sysroot: string; repo: string | undefined }): Repo {
    return openRepo(repoPath(flags), createDurable());
  }
}

/** Absolute path of the store the flags name; that of `/` is on the physical root. */
export function repoPath(flags: { sysroot: string; repo: string | undefined }): string {
  return flags.repo === undefined ? join(physicalRoot(flags.sysroot), "atomic/repo") : resolve(flags.repo);
}

/** Absolute path of the sysroot that the flag means: that of a booted host is not its `/`. */
export function physicalRoot(sysroot: string): string {
  const path = resolve(sysroot);
  return path === "/" && existsSync(join(BOOTED, "atomic/repo")) ? BOOTED : path;
}
