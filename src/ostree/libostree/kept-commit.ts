/**
 * The original bytes of a commit of OSTree, kept in the metadata of the commit it became: exporting that one gives the
 * same bytes again, and so the same checksum.
 */
import { AtomicError } from "../../errors.ts";
import type { OstreeCommit } from "./commit.ts";
import { TEXT, valueOf } from "./metadata-value.ts";

const KEY = "ostree.commit.";
/** Bytes of one piece, which base64 makes as long as a metadata value may be. */
const PIECE = 48 * 1024;
/** A commit has at most 1000 metadata pairs. */
const MAX_PIECES = 900;
/** What other programs show of a commit, where it is text. */
const SHOWN = ["ostree.architecture", "ostree.endoflife", "ostree.endoflife-rebase", "ostree.source-title"];
const MAX_SHOWN = 4096;

/** The metadata for the commit that `commit`, made of `bytes`, becomes. @throws AtomicError unsupported when it is too large */
export function metadataOf(commit: OstreeCommit, bytes: Buffer): Record<string, string> {
  if (bytes.length > PIECE * MAX_PIECES)
    throw new AtomicError(
      "unsupported",
      `importing a commit of ${bytes.length} bytes: expected at most ${PIECE * MAX_PIECES}`,
    );
  const metadata: Record<string, string> = {};
  for (const key of SHOWN) {
    const value = valueOf(commit.metadata, key, TEXT);
    if (value !== undefined) metadata[key] = value.slice(0, MAX_SHOWN);
  }
  for (let i = 0; i * PIECE < bytes.length; i++)
    metadata[`${KEY}${i}`] = bytes.toString("base64", i * PIECE, (i + 1) * PIECE);
  return metadata;
}

/** The original bytes that `metadata` keeps, if the commit came from OSTree. */
export function originalCommit(metadata: Readonly<Record<string, string>>): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let i = 0; i < MAX_PIECES; i++) {
    const piece = metadata[`${KEY}${i}`];
    if (piece === undefined) break;
    pieces.push(Buffer.from(piece, "base64"));
  }
  return pieces.length === 0 ? undefined : Buffer.concat(pieces);
}
