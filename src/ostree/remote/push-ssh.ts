/** push.ts to another machine: rsync brings what is missing there over SSH, the summary last. */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isKernelError, readFile } from "../../linux/index.ts";
import { run } from "../../spawn.ts";
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
 * As `push`, to `HOST:DIR`; there rsync is needed. What that place no longer needs stays there.
 * @throws AtomicError not-found (not published, no rsync here), conflict (the target's summary is newer), child-failed
 */
export function pushOverSsh(repo: Repo, target: string): PushResult {
  const { bytes, summary } = readPublished(repo.path);
  const scratch = join(tmpdir(), `atomic-push-${randomBytes(8).toString("hex")}`);
  repo.disk.mkdir(scratch, 0o700);
  try {
    const input = namedFiles(summary).map(({ path }) => `${path}\n`);
    const copied = rsync(["--files-from=-", "--", `${repo.path}/`, `${target}/`], input.join(""));
    checkNotOlder(target, summary, summaryAt(target, scratch));
    // Of the moment at which the names were read.
    repo.disk.replaceFile(join(scratch, "summary"), bytes, 0o644);
    rsync(["--", join(scratch, "summary"), `${target}/summary`]);
    return copied;
  } finally {
    repo.disk.removeTree(scratch);
  }
}

function summaryAt(target: string, scratch: string): Summary | undefined {
  const file = join(scratch, "before");
  rsync(["--ignore-missing-args", "--", `${target}/summary`, file]);
  try {
    return parseSummary(readFile(file, MAX_SUMMARY)).summary;
  } catch (error) {
    if (isKernelError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Returns what was transferred: a line of `<f… SIZE` for each file. */
function rsync(args: readonly string[], input = ""): PushResult {
  const { stdout } = run([...RSYNC, ...args], { input, package: "rsync" });
  const sizes = [...stdout.toString("utf8").matchAll(/^<f\S* ([0-9]+)$/gm)].map(([, size]) => Number(size));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}
