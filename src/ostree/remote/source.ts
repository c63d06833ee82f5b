/** Where published files are read from: a web server or a directory. */
import { fileURLToPath } from "node:url";
import { AtomicError } from "../../errors.ts";
import { createHttpClient, httpError } from "../../http.ts";
import { download } from "../../http-download.ts";
import { close, isKernelError, O_NOFOLLOW, O_RDONLY, open, pread, readFile } from "../../linux/index.ts";
import { openBundle } from "./bundle-file.ts";
import type { Source } from "./published-source.ts";
import type { Remote } from "./remote-config.ts";

const CHUNK = 1024 * 1024;

/** Opens what a remote publishes, or what a bundle has of it; to be closed. @throws AtomicError invalid (no bundle) */
export function openSource({ name, url }: Remote, bundle?: string): Source {
  if (bundle !== undefined) return openBundle(bundle);
  const doing = `reading remote ${name}`;
  return url.startsWith("file:") ? directorySource(doing, fileURLToPath(url)) : webSource(doing, url);
}

function webSource(doing: string, base: string): Source {
  const client = createHttpClient();
  return {
    async get(path, { max, etag }) {
      const url = `${base}/${path}`;
      const response = await client.bytes(url, { maxBytes: max, ...(etag === undefined ? {} : { ifNoneMatch: etag }) });
      if (response.status === 304 && etag !== undefined) return undefined;
      if (response.status !== 200) throw httpError(doing, response);
      const { bytes, headers } = response;
      return { bytes, ...(headers.etag === undefined ? {} : { etag: headers.etag }) };
    },
    stream: (path, range) => download(client, `${base}/${path}`, { doing, ...range }),
    close: () => client.close(),
  };
}

function directorySource(doing: string, directory: string): Source {
  const missing = (path: string, cause: unknown): AtomicError =>
    new AtomicError("not-found", `${doing}: ${directory}/${path} does not exist`, { cause });
  return {
    async get(path, { max }) {
      try {
        return { bytes: readFile(`${directory}/${path}`, max) };
      } catch (error) {
        throw isKernelError(error, "ENOENT") ? missing(path, error) : error;
      }
    },
    async *stream(path, { offset, length }) {
      const fd = open(`${directory}/${path}`, O_RDONLY | O_NOFOLLOW);
      try {
        for (let at = offset; at < offset + length;) {
          const chunk = Buffer.allocUnsafe(Math.min(CHUNK, offset + length - at));
          const count = pread(fd, chunk, at);
          if (count === 0) return;
          at += count;
          yield chunk.subarray(0, count);
        }
      } finally {
        close(fd);
      }
    },
    close: () => undefined,
  };
}
