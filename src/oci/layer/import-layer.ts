/** Importing a layer: its archive is read once, file contents become objects, its tree becomes a commit. */
import type { Checksum } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { createContentStager, stageBytes, stageTree, type Transaction } from "../../ostree/index.ts";
import type { ProgressTask } from "../../progress.ts";
import { verityOf } from "../../verity.ts";
import type { Digest } from "../digest.ts";
import { createTarReader, type TarContent } from "../tar/read-tar.ts";
import type { BlobFile } from "./blob-file.ts";
import { createLayerTree, type FileNode } from "./layer-tree.ts";
import { unpack } from "./unpack.ts";

export interface LayerBlob {
  blob: BlobFile;
  /** The blob's digest, where the manifest names one that is still to be compared. */
  digest?: Digest;
  /** The digest of the uncompressed layer, as the configuration names it. */
  diffId: Digest;
}

/** Files up to this size are hashed and written whole. Bytes. */
const WHOLE = 1 << 20;
/** Key of the diffID in the metadata of a layer's commit. */
const DIFF_ID = "oci.diff-id";

/**
 * Stages a layer and a commit of it. The caller discards the transaction when this throws.
 * @returns the commit
 * @throws AtomicError corrupt (a digest differs), invalid (a hostile or damaged archive), unsupported, no-space
 */
export async function importLayer(
  transaction: Transaction,
  { blob, digest, diffId }: LayerBlob,
  task: ProgressTask,
): Promise<Checksum> {
  const what = `layer ${diffId}`;
  const tree = createLayerTree(what);
  const takeContent = createContentTaker(transaction);
  const reader = createTarReader((entry) => {
    const node = tree.place(entry);
    return node === undefined || node.size === 0 ? undefined : takeContent(node);
  });
  const found = await unpack({ blob, what, wantsDigest: digest !== undefined }, (chunk) => {
    reader.write(chunk);
    task.advance(chunk.length);
  });
  if (digest !== undefined && found.digest !== digest)
    throw new AtomicError("corrupt", `reading ${what}: expected a blob ${digest}, found ${found.digest}`);
  if (found.diffId !== diffId) throw new AtomicError("corrupt", `reading ${what}: the blob unpacks to ${found.diffId}`);
  reader.end();
  return stageTree(transaction, tree.finish(), {
    mountable: false,
    timestamp: 0,
    subject: what,
    metadata: { [DIFF_ID]: diffId },
  });
}

/** Makes objects of contents; it reuses one buffer. */
function createContentTaker(transaction: Transaction): (node: FileNode) => TarContent {
  const buffer = Buffer.allocUnsafe(WHOLE);
  let count = 0;
  return (node) => (node.size <= WHOLE ? takeWhole(transaction, node, buffer) : takeStream(transaction, node, count++));
}

function takeWhole(transaction: Transaction, node: FileNode, buffer: Buffer): TarContent {
  let filled = 0;
  let isStored = false;
  const store = (bytes: Uint8Array): void => {
    node.checksum = stageBytes(transaction, bytes, "file");
    node.verity = verityOf(bytes);
  };
  return {
    write(chunk) {
      if (chunk.length === node.size) {
        isStored = true;
        return store(chunk);
      }
      buffer.set(chunk, filled);
      filled += chunk.length;
    },
    end() {
      if (!isStored) store(buffer.subarray(0, node.size));
    },
  };
}

function takeStream(transaction: Transaction, node: FileNode, number: number): TarContent {
  const stager = createContentStager(transaction, `layer-${number}`);
  return { write: stager.write, end: () => void Object.assign(node, stager.finish()) };
}
