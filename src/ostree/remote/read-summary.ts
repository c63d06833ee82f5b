/** Asking for a summary: signed by an accepted key, and never older than the one seen before. */
import { join } from "node:path";
import { AtomicError } from "../../errors.ts";
import { readFileIfExists } from "../../linux/index.ts";
import { withRepoLock } from "../lock.ts";
import type { RefName } from "../ref.ts";
import type { Repo } from "../repo.ts";
import type { Remote } from "./remote-config.ts";
import { signerOf } from "./signature.ts";
import type { Source } from "./published-source.ts";
import { MAX_SUMMARY, parseSummary, type PublishedRef, type Summary } from "./summary.ts";

export interface SeenSummary {
  summary: Summary;
  /** The file, and what the server calls this version of it. */
  bytes: Buffer;
  etag?: string;
}

const FORMAT = 1;
/** A summary in base64, and little else. */
const MAX_STATE = 2 * MAX_SUMMARY;

/**
 * The remote's summary: one request, and next to nothing is transferred when it is the one seen before.
 * @throws AtomicError untrusted when no accepted key signed it, conflict when it is older than the one seen before and
 *   `allowDowngrade` is not set, network, not-found, invalid
 */
export async function readSummary(
  repo: Repo,
  remote: Remote,
  source: Source,
  { allowDowngrade = false }: { allowDowngrade?: boolean } = {},
): Promise<SeenSummary> {
  const before = seenSummary(repo, remote);
  const answer = await source.get("summary", { max: MAX_SUMMARY, ...etagOf(before) });
  if (answer === undefined) return before!;
  const summary = trusted(remote, answer.bytes);
  if (before !== undefined && summary.timestamp < before.summary.timestamp && !allowDowngrade) {
    const time = (seconds: number) => new Date(seconds * 1000).toISOString();
    throw new AtomicError(
      "conflict",
      `reading remote ${remote.name}: expected a summary of ${time(before.summary.timestamp)} or later, found ${time(summary.timestamp)}`,
      { hint: "repeat it with --allow-downgrade if the publisher went back" },
    );
  }
  return { summary, ...answer };
}

/** Remembers a summary, so that an older one is noticed. */
export async function rememberSummary(repo: Repo, { name }: Remote, { bytes, etag }: SeenSummary): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, etag, summary: bytes.toString("base64") })}\n`;
  const path = stateFile(repo, name);
  if (readFileIfExists(path, MAX_STATE)?.toString("utf8") === text) return;
  await withRepoLock(repo, () => repo.disk.replaceFile(path, Buffer.from(text), 0o644));
}

/** What a summary says of a ref. @throws AtomicError not-found */
export function publishedRef({ summary }: SeenSummary, remote: Remote, ref: RefName): PublishedRef {
  const found = summary.refs.find((each) => each.ref === ref);
  if (found !== undefined) return found;
  throw new AtomicError("not-found", `looking for ${remote.name}:${ref}: the remote does not offer it`, {
    hint: `atomic remote refs ${remote.name}`,
  });
}

/** The summary seen last, if an accepted key signed it: a key may have been revoked since. */
function seenSummary(repo: Repo, remote: Remote): SeenSummary | undefined {
  const text = readFileIfExists(stateFile(repo, remote.name), MAX_STATE)?.toString("utf8");
  if (text === undefined) return undefined;
  const { etag, summary } = parseState(text, remote.name);
  const bytes = Buffer.from(summary, "base64");
  const { summary: parsed } = parseSummary(bytes);
  return { summary: parsed, bytes, ...(etag === undefined || !isTrusted(remote, bytes) ? {} : { etag }) };
}

function parseState(text: string, name: string): { etag?: string; summary: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const { format, etag, summary } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || typeof summary !== "string" || !["string", "undefined"].includes(typeof etag)) {
    throw new AtomicError("corrupt", `reading what remote ${name} showed before: malformed`, {
      hint: `atomic remote remove ${name}`,
    });
  }
  return { summary, ...(typeof etag === "string" ? { etag } : {}) };
}

function etagOf(seen: SeenSummary | undefined): { etag?: string } {
  return seen?.etag === undefined ? {} : { etag: seen.etag };
}

function isTrusted({ insecure, keys }: Remote, bytes: Buffer): boolean {
  const { body, signatures } = parseSummary(bytes);
  return insecure || signerOf(body, signatures, keys) !== undefined;
}

function trusted(remote: Remote, bytes: Buffer): Summary {
  if (isTrusted(remote, bytes)) return parseSummary(bytes).summary;
  throw new AtomicError("untrusted", `reading remote ${remote.name}: no accepted key signed its summary`, {
    hint: `atomic remote keys add ${remote.name} FILE`,
  });
}

function stateFile(repo: Repo, name: string): string {
  return join(repo.path, "remotes", `${name}.seen`);
}
