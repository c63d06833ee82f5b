/** The refs of an OSTree repository. */
import { AtomicError } from "../../errors.ts";
import { parseRefName, type RefName } from "../ref.ts";
import { parseSha256, type Sha256 } from "./sha256.ts";
import { MAX_SIGNATURE_FILE, signerOf, type Trust } from "./signatures.ts";
import type { OstreeSource } from "./source.ts";
import { MAX_SUMMARY, parseSummary, type Summary } from "./summary.ts";

const MAX_REF_FILE = 1024;

/**
 * The commit that `ref` names: what `refs/heads/` says, which is one small request, or else the summary.
 * @throws AtomicError not-found, invalid, network
 */
export async function readOstreeRef(source: OstreeSource, ref: RefName): Promise<Sha256> {
  const file = await source.read(`refs/heads/${ref}`, MAX_REF_FILE);
  if (file !== undefined) {
    const checksum = parseSha256(file.toString("latin1").trimEnd());
    if (checksum !== undefined) return checksum;
    throw new AtomicError("invalid", `reading ref ${ref} of ${source.where}: expected a checksum`);
  }
  const found = (await readSummary(source))?.summary.refs.get(ref);
  if (found !== undefined) return found.checksum;
  throw new AtomicError("not-found", `reading ref ${ref}: not in ${source.where}`);
}

/** The summary, if there is one, and who among `trust` signed it. @throws AtomicError invalid, network */
export async function readSummary(
  source: OstreeSource,
  trust?: Trust,
): Promise<{ summary: Summary; signer: string | undefined } | undefined> {
  const bytes = await source.read("summary", MAX_SUMMARY);
  if (bytes === undefined) return undefined;
  const signatures = trust === undefined ? undefined : await source.read("summary.sig", MAX_SIGNATURE_FILE);
  const signer = trust === undefined || signatures === undefined ? undefined : signerOf(bytes, signatures, trust);
  return { summary: parseSummary(bytes), signer };
}

/** `name` as a ref of ours, if it can be one. */
export function refNameOf(name: string): RefName | undefined {
  try {
    return parseRefName(name);
  } catch {
    return undefined;
  }
}
