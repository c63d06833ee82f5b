/** Offering a published store over HTTP, to be read only: ranges and ETags, as any static web server has them. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AtomicError } from "../../errors.ts";
import { close, fstat, isKernelError, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, open, pread } from "../../linux/index.ts";
import { parseRange } from "../../http-range.ts";
import { isImmutable, isServed } from "./served-files.ts";

export interface ServeOptions {
  /** The address to listen on. */
  host: string;
  /** 0 for any that is free. */
  port: number;
}
export interface ServedStore {
  /** Without a slash at the end: what `atomic remote add` takes. */
  url: string;
  /** Ends it, and the connections that are open. */
  close(): void;
}

/** Connections at a time; further ones are refused. */
const MAX_CONNECTIONS = 512;
/** Milliseconds after which a connection is closed on which nothing moves. */
const IDLE = 60_000;
const CHUNK = 256 * 1024;

/**
 * Serves the summary, packs and deltas in `directory` until it is closed.
 * @throws AtomicError not-found when it is not published, network when the address cannot be had
 */
export async function serveStore(directory: string, { host, port }: ServeOptions): Promise<ServedStore> {
  const summary = openServed(directory, "summary");
  if (summary === undefined) {
    throw new AtomicError("not-found", `serving ${directory}: it has no summary`, {
      hint: `atomic repo summary --repo ${directory}`,
    });
  }
  close(summary);
  const server = createServer((request, response) => {
    answer(directory, request, response).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE);
  await new Promise<void>((done, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(new AtomicError("network", `listening on ${host}:${port}: ${cause.code ?? cause.message}`, { cause }));
    });
    server.listen(port, host, done);
  });
  const shown = isIPv6(host) ? `[${host}]` : host;
  return {
    url: `http://${shown}:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(directory: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").replace(/^\//, "").replace(/\?.*$/s, "");
  if (request.method !== "GET" && request.method !== "HEAD") {
    return void response.writeHead(405, { allow: "GET, HEAD", "content-length": 0 }).end();
  }
  const file = isServed(path) ? openServed(directory, path) : undefined;
  if (file === undefined) return void response.writeHead(404, { "content-length": 0 }).end();
  try {
    await send(file, path, request, response);
  } finally {
    close(file);
  }
}

/** Undefined when there is no such file. A name may be a directory's or a link's only if somebody put it there. */
function openServed(directory: string, path: string): number | undefined {
  try {
    return open(join(directory, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if (isKernelError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

async function send(file: number, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size: total, mtime, mtimeNsec } = fstat(file);
  const etag = `"${[total, mtime, mtimeNsec].map((value) => value.toString(16)).join("-")}"`;
  const headers = {
    etag,
    "accept-ranges": "bytes",
    "content-type": "application/octet-stream",
    "cache-control": isImmutable(path) ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if (request.headers["if-none-match"] === etag) return void response.writeHead(304, headers).end();
  const asked = [undefined, etag].includes(request.headers["if-range"] as string) ? request.headers.range : undefined;
  const range = parseRange(asked, total);
  if (range === "unsatisfiable") {
    return void response.writeHead(416, { "content-range": `bytes */${total}`, "content-length": 0 }).end();
  }
  const { offset, length } = range ?? { offset: 0, length: total };
  const part = range && { "content-range": `bytes ${offset}-${offset + length - 1}/${total}` };
  response.writeHead(range === undefined ? 200 : 206, { ...headers, ...part, "content-length": length });
  if (request.method === "HEAD") return void response.end();
  await pipeline(chunks(file, offset, length), response);
}

function* chunks(file: number, offset: number, length: number): Generator<Uint8Array> {
  for (let at = offset; at < offset + length;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, offset + length - at));
    const count = pread(file, chunk, at);
    if (count === 0) throw new Error("the file was cut short"); // the reader sees the connection break
    at += count;
    yield chunk.subarray(0, count);
  }
}
