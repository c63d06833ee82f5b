/** `ostree.sizes`: what a commit's publisher says that its objects take (`ostree commit --generate-sizes`). */
import { AtomicError } from "../../errors.ts";
import { BLOBS, valueOf } from "./metadata-value.ts";
import type { OstreeCommit } from "./commit.ts";
import { type Sha256, sha256FromBytes } from "./sha256.ts";
import type { FileSizes } from "./source.ts";

const KEY = "ostree.sizes";
const NAME = 32;

/** The sizes that a commit names, by checksum; none where it names none. They are the publisher's word. @throws AtomicError invalid */
export function commitSizes({ metadata }: Pick<OstreeCommit, "metadata">): Map<Sha256, FileSizes> {
  const sizes = new Map<Sha256, FileSizes>();
  for (const entry of valueOf(metadata, KEY, BLOBS) ?? []) {
    const checksum = sha256FromBytes(entry.subarray(0, NAME), KEY);
    const [stored, afterStored] = readNumber(entry, NAME);
    const [content] = readNumber(entry, afterStored); // a byte with the object's type may follow
    sizes.set(checksum, { stored, content });
  }
  return sizes;
}

/** A number in groups of seven bits, the lowest first, each but the last with the high bit set; and where it ends. */
function readNumber(bytes: Buffer, start: number): [number, number] {
  let value = 0;
  for (let [at, unit] = [start, 1]; at < bytes.length && unit <= Number.MAX_SAFE_INTEGER; at++, unit *= 128) {
    value += (bytes[at]! & 0x7f) * unit;
    if (!Number.isSafeInteger(value)) break;
    if (bytes[at]! < 0x80) return [value, at + 1];
  }
  throw new AtomicError("invalid", `decoding ${KEY}: a number is cut off or too large`);
}
