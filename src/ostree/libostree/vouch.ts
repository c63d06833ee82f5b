/** Who vouches for a commit of an OSTree repository. */
import { AtomicError } from "../../errors.ts";
import type { RefName } from "../ref.ts";
import { parseOstreeCommit } from "./commit.ts";
import { TEXTS, valueOf } from "./metadata-value.ts";
import { readSummary } from "./read-ref.ts";
import { type Sha256 } from "./sha256.ts";
import { MAX_SIGNATURE_FILE, signerOf, type Trust } from "./signatures.ts";
import { ostreeObjectPath, type OstreeSource } from "./source.ts";

/** A commit as the repository has it, checked against its name. */
export interface OfferedCommit {
  ref: RefName;
  checksum: Sha256;
  bytes: Buffer;
}

const REF_BINDING = "ostree.ref-binding";

/** Checks that the commit was made for the ref it is offered as. @throws AtomicError untrusted */
export function checkBinding({ ref, bytes, checksum }: OfferedCommit): void {
  const bound = valueOf(parseOstreeCommit(bytes).metadata, REF_BINDING, TEXTS);
  if (bound === undefined || bound.includes(ref)) return;
  throw new AtomicError(
    "untrusted",
    `pulling ${ref}: commit ${checksum} was made for ${bound.length === 0 ? "no ref" : bound.join(", ")}`,
  );
}

/**
 * Who among `trust` signed the commit itself, or a summary that names it and has not expired.
 * @param now seconds since the epoch
 * @throws AtomicError untrusted when nobody did, not-found when gpgv is needed and not installed
 */
export async function vouch(
  source: OstreeSource,
  { ref, checksum, bytes }: OfferedCommit,
  { trust, now }: { trust: Trust; now: number },
): Promise<string> {
  const detached = await source.read(ostreeObjectPath(checksum, "commitmeta"), MAX_SIGNATURE_FILE);
  const signer = detached === undefined ? undefined : signerOf(bytes, detached, trust);
  if (signer !== undefined) return signer;
  const listed = await readSummary(source, trust);
  const names = listed?.summary.refs.get(ref)?.checksum === checksum;
  if (listed?.signer === undefined || !names)
    throw new AtomicError("untrusted", `pulling ${ref} from ${source.where}: no accepted key signed ${checksum}`);
  if ((listed.summary.expires ?? Infinity) < now) {
    const when = new Date(listed.summary.expires! * 1000).toISOString();
    throw new AtomicError("untrusted", `pulling ${ref} from ${source.where}: its signed summary expired on ${when}`);
  }
  return `summary, ${listed.signer}`;
}
