/** Taking a content object of OSTree into a transaction: checked against its name, hashed our way in the same pass. */
import { statfs } from "../../linux/index.ts";
import { AtomicError } from "../../errors.ts";
import { verityOf } from "../../verity.ts";
import { createContentStager } from "../content-stager.ts";
import { EMPTY_CHECKSUM, EMPTY_VERITY } from "../dirtree.ts";
import { stageBytes, type Transaction } from "../transaction.ts";
import type { RegularNode, SymlinkNode } from "../tree.ts";
import { contentPrefix } from "./file-header.ts";
import { createSha256, type Sha256 } from "./sha256.ts";
import type { OstreeFile } from "./source.ts";

/** Content up to this size is taken in one piece. Bytes. */
const WHOLE = 1024 * 1024;

/**
 * Stages the content of `file`; `where` names its repository in messages.
 * @returns the node that a tree holds for it
 * @throws AtomicError corrupt (it does not hash to `checksum`), no-space, invalid
 */
export async function importFile(
  transaction: Transaction,
  file: OstreeFile,
  { checksum, where }: { checksum: Sha256; where: string },
): Promise<RegularNode | SymlinkNode> {
  const { header, size } = file;
  const sha256 = createSha256();
  sha256.update(contentPrefix(header));
  const check = (): void => {
    const found = sha256.digest();
    if (found === checksum) return;
    throw new AtomicError("corrupt", `importing a file from ${where}: expected ${checksum}, found ${found}`);
  };
  if (header.kind === "symlink") {
    check();
    return header;
  }
  if (size <= WHOLE) {
    const parts: Uint8Array[] = [];
    for await (const chunk of bounded(file, where)) parts.push(chunk);
    const content = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    sha256.update(content);
    check();
    if (content.length === 0) return { ...header, size: 0, checksum: EMPTY_CHECKSUM, verity: EMPTY_VERITY };
    return {
      ...header,
      size: content.length,
      checksum: stageBytes(transaction, content, "file"),
      verity: verityOf(content),
    };
  }
  checkRoom(transaction, size);
  const content = createContentStager(transaction, checksum);
  let taken = 0;
  try {
    for await (const chunk of bounded(file, where)) {
      sha256.update(chunk);
      content.write(chunk);
      taken += chunk.length;
    }
    check();
  } catch (error) {
    content.abandon();
    throw error;
  }
  return { ...header, size: taken, ...content.finish() };
}

/** The content, which must not be longer than announced: the announcement is what room was made for. */
async function* bounded({ content, size }: OstreeFile, where: string): AsyncGenerator<Uint8Array> {
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (length > size)
      throw new AtomicError("corrupt", `importing a file from ${where}: expected ${size} bytes, found more`);
    yield chunk;
  }
}

function checkRoom({ repo }: Transaction, size: number): void {
  const { blocksAvailable, blockSize } = statfs(repo.path);
  const free = blocksAvailable * blockSize;
  if (size > free) {
    throw new AtomicError("no-space", `importing a file of ${size} bytes into ${repo.path}: found ${free} bytes free`, {
      hint: "atomic host cleanup",
    });
  }
}
