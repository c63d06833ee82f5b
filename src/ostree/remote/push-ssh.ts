/** push.ts to another machine: rsync brings what is missing there over SSH, the summary last. */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKernelError, readFile } from "../../linux/index.ts";
import { type Failure, run } from "../../spawn.ts";
import type { Repo } from "../repo.ts";
import { checkNotOlder, namedFiles, type PushResult, readPublished } from "./push.ts";
import { MAX_SUMMARY, parseSummary, type Summary } from "./summary.ts";

/** Each file gets its name there when it is whole and on the disk; one that was interrupted goes on. */
const RSYNC = [
  ...["rsync", "--times", "--chmod=D755,F644", "--mkpath", "--partial-dir=.partial", "--fsync"],
  "--out-format=%i %l",
];

/** The place on another machine that `HOST:DIR` names; undefined when it is one on this. */
export function parseSshTarget(text: string): string | undefined {
  return /^(?:[A-Za-z0-9_][A-Za-z0-9_.@-]*|\[[0-9a-fA-F:.]+\]):./.test(text) ? text.replace(/\/+$/, "") : undefined;
}

/**
 * As `push`, to `HOST:DIR`; there rsync is needed. What that place no longer needs stays there. The port, the key and all
 * else that ssh has to know is what ssh_config(5) says of HOST, or the command in the environment's RSYNC_RSH.
 * @throws AtomicError not-found (not published, no rsync here), conflict (the target's summary is newer), child-failed
 */
export function pushOverSsh(repo: Repo, target: string): PushResult {
  const { bytes, summary } = readPublished(repo.path);
  const scratch = join(tmpdir(), `atomic-push-${randomBytes(8).toString("hex")}`);
  repo.disk.mkdir(scratch, 0o700);
  try {
    const input = namedFiles(summary).map(({ path }) => `${path}\n`);
    const copied = rsync(target, ["--files-from=-", "--", `${repo.path}/`, `${target}/`], input.join(""));
    checkNotOlder(target, summary, summaryAt(target, scratch));
    // Of the moment at which the names were read.
    repo.disk.replaceFile(join(scratch, "summary"), bytes, 0o644);
    rsync(target, ["--", join(scratch, "summary"), `${target}/summary`]);
    return copied;
  } finally {
    repo.disk.removeTree(scratch);
  }
}

function summaryAt(target: string, scratch: string): Summary | undefined {
  const file = join(scratch, "before");
  rsync(target, ["--ignore-missing-args", "--", `${target}/summary`, file]);
  try {
    return parseSummary(readFile(file, MAX_SUMMARY)).summary;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Returns what was transferred: a line of `<f… SIZE` for each file. */
function rsync(target: string, args: readonly string[], input = ""): PushResult {
  const explain = (stderr: string): Failure => explained(target, stderr);
  const { stdout } = run([...RSYNC, ...args], { input, package: "rsync", explain });
  const sizes = [...stdout.toString("utf8").matchAll(/^<f\S* ([0-9]+)$/gm)].map(([, size]) => Number(size));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** SSH says last why it gave up, before rsync says that it hears nothing; rsync itself says first what went wrong. */
function explained(target: string, stderr: string): Failure {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== "");
  const own = lines.findIndex((line) => line.startsWith("rsync: ") || line.startsWith("rsync error: "));
  const before = (own < 0 ? lines : lines.slice(0, own)).at(-1);
  const hearsNothing = lines[own]?.startsWith("rsync: connection unexpectedly closed") !== false;
  const reason = (hearsNothing ? before : undefined) ?? lines[own] ?? "";
  return { doing: `pushing to ${target} by rsync`, reason, hint: `ssh ${hostOf(target)} rsync --version` };
}

function hostOf(target: string): string {
  const host = /^(?:\[[^\]]*\]|[^:]*)/.exec(target)?.[0] ?? target;
  return host.replace(/^\[|\]$/g, "");
}
