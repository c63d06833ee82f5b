/** An OSTree repository of mode archive behind a web server: one file, one request. */
import { createHttpClient, httpError, shownUrl } from "../../http.ts";
import { download } from "../../http-download.ts";
import { readArchiveFile } from "./archive-file.ts";
import { parseContentSize, SIZE_END } from "./file-header.ts";
import { ostreeObjectPath, type OstreeSource } from "./source.ts";

/** No file of an OS is larger. Bytes. */
const MAX_FILE = 2 ** 40;
const ABSENT = [404, 410];

/** The repository at `url`, which has no slash at its end. @param connections at most */
export function openHttpSource(url: string, { connections }: { connections: number }): OstreeSource {
  const client = createHttpClient({ connections });
  const where = shownUrl(url);
  return {
    where,
    isRemote: true,
    async read(path, max) {
      const response = await client.bytes(`${url}/${path}`, { maxBytes: max });
      if (ABSENT.includes(response.status)) return undefined;
      if (response.status !== 200) throw httpError(`reading ${path}`, response);
      return response.bytes;
    },
    file(checksum) {
      const path = ostreeObjectPath(checksum, "filez");
      const doing = `reading file ${checksum}`;
      return readArchiveFile(download(client, `${url}/${path}`, { doing, length: MAX_FILE }), `${where}/${path}`);
    },
    async measure(checksum) {
      const path = ostreeObjectPath(checksum, "filez");
      const response = await client.request(`${url}/${path}`, {
        range: { offset: 0, length: SIZE_END },
        maxBytes: Infinity,
      });
      if (response.status !== 200 && response.status !== 206) {
        response.discard();
        throw httpError(`reading file ${checksum}`, response);
      }
      const stored = response.range?.total ?? Number(response.headers["content-length"] ?? 0);
      return { stored, content: parseContentSize(await firstBytes(response.body, SIZE_END)) };
    },
    close: () => client.close(),
  };
}

/** The first `count` bytes, or all there are; the rest is given up. */
async function firstBytes(body: AsyncIterable<Uint8Array>, count: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= count) break;
  }
  return Buffer.concat(parts).subarray(0, count);
}
