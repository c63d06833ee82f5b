/**
 * Signatures beside a registry: files in a directory or on a web server.
 * Layout: https://github.com/containers/image/blob/main/docs/signature-protocols.md
 */
import { fileURLToPath } from "node:url";
import { AtomicError } from "../../errors.ts";
import { createHttpClient, httpError } from "../../http.ts";
import { type Digest, digestHex } from "../digest.ts";
import { readFileIfExists } from "../../linux/index.ts";

/** Bytes of one signature. */
const MAX_SIGNATURE = 1024 * 1024;
const MAX_SIGNATURES = 64;
const ABSENT = [404, 410];

/**
 * The signatures of a manifest, in order.
 * @param base the URL of the signatures of a repository, such as `https://HOST/lookaside/team/app`
 * @throws AtomicError network, permission, invalid
 */
export async function* readLookaside(base: string, digest: Digest): AsyncGenerator<Buffer> {
  const client = base.startsWith("file:") ? undefined : createHttpClient();
  try {
    for (let number = 1; number <= MAX_SIGNATURES; number++) {
      const url = `${base}@sha256=${digestHex(digest)}/signature-${number}`;
      const signature = client === undefined ? readFileIfExists(filePath(url), MAX_SIGNATURE) : await fetchFile(url);
      if (signature === undefined) return;
      yield signature;
    }
  } finally {
    client?.close();
  }

  async function fetchFile(url: string): Promise<Buffer | undefined> {
    const answer = await client!.bytes(url, { maxBytes: MAX_SIGNATURE });
    if (ABSENT.includes(answer.status)) return undefined;
    if (answer.status !== 200) throw httpError("reading a signature", answer);
    return answer.bytes;
  }
}

function filePath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new AtomicError("invalid", `reading signature ${url}: not the URL of a file`, { cause });
  }
}
