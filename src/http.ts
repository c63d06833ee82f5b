/**
 * Talking HTTP: bounded in bytes and time, redirected with care, repeated when the network fails.
 *
 * `node:http`, not `fetch`, which decompresses behind the caller's back (docs/decisions/0018-http-client.md).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Agent as HttpAgent, IncomingHttpHeaders } from "node:http";
import { AtomicError, isAtomicError } from "./errors.ts";
import { limitBody } from "./http-body.ts";
import { createAgents, exchange, type RequestBody, type TlsOfHost } from "./http-exchange.ts";
import { usualStallTimeout } from "./http-timeout.ts";

export interface HttpOptions {
  /** Accept any TLS certificate. */
  insecure?: boolean;
  /** How often a request is tried at most; 4 if left out. */
  attempts?: number;
  /** Milliseconds before the second try, doubled for each further one; 500 if left out. */
  retryDelay?: number;
  /** Milliseconds a connection may take to be made; 30,000 if left out. */
  connectTimeout?: number;
  /** Milliseconds without a byte from the server; what `usualStallTimeout` says if left out. */
  stallTimeout?: number;
  /** Connections to one server at most; 8 if left out. */
  connections?: number;
  /** What one server needs of TLS beyond what all do. */
  tls?: TlsOfHost;
}

export interface HttpRequest {
  /** GET if left out. */
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  headers?: Readonly<Record<string, string>>;
  /** Bytes to ask for; a server may send everything nonetheless: see `HttpResponse.range`. */
  range?: { offset: number; length?: number };
  /** The `etag` of an earlier answer; the status 304 says that it still holds. */
  ifNoneMatch?: string;
  /** The most bytes of body the caller can use. */
  maxBytes: number;
  body?: RequestBody;
}

export interface HttpResponse {
  status: number;
  headers: IncomingHttpHeaders;
  /** Where the answer came from, after redirects. */
  url: string;
  /** The part of the whole that `body` is, of `total` bytes where the server knows; absent when it is all of it. */
  range?: { offset: number; length: number; total?: number };
  /**
   * The bytes as sent, to be read once.
   * Throws AtomicError network (lost or stalled), invalid (more than `maxBytes`).
   */
  body: AsyncIterable<Uint8Array>;
  /** Gives up on the body. Reading it to its end does the same. */
  discard(): void;
}

/** One user of the network: it keeps connections open until it is closed. */
export interface HttpClient {
  /**
   * Sends a request and returns the answer, whatever its status, redirects followed. A GET, HEAD, PUT or DELETE is
   * repeated when the connection fails or the server says 429, 502, 503 or 504.
   * @throws AtomicError network (no answer), invalid (a redirect loop or one from https to http, a malformed answer)
   */
  request(url: string, request: HttpRequest): Promise<HttpResponse>;
  /** The same, with the body read to its end; a body that is cut short counts as a failed try. */
  bytes(url: string, request: HttpRequest): Promise<Omit<HttpResponse, "body" | "discard"> & { bytes: Buffer }>;
  close(): void;
}

const ATTEMPTS = 4;
const RETRY_DELAY_MS = 500;
const MAX_RETRY_DELAY_MS = 30_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
const TRANSIENT = [429, 502, 503, 504];
const REPEATABLE = ["GET", "HEAD", "PUT", "DELETE"];

/**
 * A client; `close` it, or the process stays until its connections end.
 * @throws AtomicError usage when ATOMIC_HTTP_TIMEOUT says nothing sensible
 */
export function createHttpClient(given: HttpOptions = {}): HttpClient {
  const { stallTimeout = usualStallTimeout() } = given;
  const options = { ...given, stallTimeout };
  const agents = createAgents(options);
  return {
    request: (url, request) => repeat(request, options, () => follow(url, request, { options, agents })),
    bytes: (url, request) =>
      repeat(request, options, async () => {
        const { body, discard: _, ...head } = await follow(url, request, { options, agents });
        const chunks: Uint8Array[] = [];
        for await (const chunk of body) chunks.push(chunk);
        return { ...head, bytes: Buffer.concat(chunks) };
      }),
    close: () => agents.close(),
  };
}

/**
 * The error that a status means to someone who wanted the thing at `url`.
 * @param doing what was attempted, such as `reading the summary of remote origin`
 */
export function httpError(doing: string, { status, url }: { status: number; url: string }): AtomicError {
  const code =
    status === 404 || status === 410 ? "not-found" : status === 401 || status === 403 ? "permission" : "network";
  return new AtomicError(code, `${doing}: ${shownUrl(url)} answered ${status}`);
}

/** A URL without what may be secret in it: user, password and query. */
export function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`; // the origin of a file is "null"
}

/** Tries until there is an answer that trying again would not change. */
async function repeat<T extends { status: number; headers: IncomingHttpHeaders }>(
  { method = "GET" }: HttpRequest,
  { attempts = ATTEMPTS, retryDelay = RETRY_DELAY_MS }: HttpOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let left = REPEATABLE.includes(method) ? attempts : 1, delay = retryDelay; ; delay *= 2) {
    left -= 1;
    try {
      const response = await attempt();
      const wait = TRANSIENT.includes(response.status) ? (retryAfter(response.headers) ?? delay) : Infinity;
      if (left === 0 || wait > MAX_RETRY_DELAY_MS) return response;
      if ("discard" in response) (response as { discard(): void }).discard();
      await sleep(wait);
    } catch (error) {
      if (left === 0 || !isAtomicError(error, "network")) throw error;
      // The moment differs from client to client, so that those a server lost together do not return together.
      await sleep(Math.min(delay, MAX_RETRY_DELAY_MS) * (0.5 + Math.random()));
    }
  }
}

/** Milliseconds that a server asks us to wait. RFC 9110 §10.2.3. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  const wait = /^[0-9]{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(wait, 0);
}

interface Means {
  options: HttpOptions & { stallTimeout: number };
  agents: { of(url: URL): HttpAgent };
}

async function follow(url: string, request: HttpRequest, { options, agents }: Means): Promise<HttpResponse> {
  const { method = "GET", maxBytes } = request;
  let at = parseUrl(url);
  let headers = requestHeaders(request);
  for (let redirects = 0; ; redirects++) {
    const answer = await exchange(at, {
      method,
      headers,
      agent: agents.of(at),
      ...options,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    const { location } = answer.headers;
    if (REDIRECTS.includes(answer.status) && location !== undefined && (method === "GET" || method === "HEAD")) {
      answer.discard();
      const next = redirectTarget(at, location);
      if (redirects === MAX_REDIRECTS)
        throw new AtomicError("invalid", `fetching ${shownUrl(url)}: more than ${MAX_REDIRECTS} redirects`);
      if (next.origin !== at.origin) headers = withoutCredentials(headers);
      at = next;
      continue;
    }
    // Such an answer announces the length of a body that it does not have.
    const mayHaveBody = method !== "HEAD" && answer.status !== 304;
    try {
      return {
        ...answer,
        url: at.href,
        ...partOf(answer, request, at),
        body: limitBody(answer, mayHaveBody ? maxBytes : Infinity, at),
      };
    } catch (error) {
      answer.discard();
      throw error;
    }
  }
}

function requestHeaders({ headers = {}, range, ifNoneMatch }: HttpRequest): Record<string, string> {
  const all: Record<string, string> = { "accept-encoding": "identity" };
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
  if (range !== undefined) {
    const last = range.length === undefined ? "" : range.offset + range.length - 1;
    all["range"] = `bytes=${range.offset}-${last}`;
  }
  if (ifNoneMatch !== undefined) all["if-none-match"] = ifNoneMatch;
  return all;
}

function withoutCredentials(headers: Record<string, string>): Record<string, string> {
  const { authorization: _, cookie: __, ...others } = headers;
  return others;
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["http:", "https:"].includes(parsed.protocol)) {
    throw new AtomicError("usage", `fetching ${JSON.stringify(url)}: expected a URL with http or https`);
  }
  return parsed;
}

function redirectTarget(from: URL, location: string): URL {
  const refuse = (why: string) => new AtomicError("invalid", `fetching ${shownUrl(from.href)}: redirected ${why}`);
  if (!URL.canParse(location, from.href)) throw refuse(`to ${JSON.stringify(location.slice(0, 200))}`);
  const to = new URL(location, from.href);
  if (!["http:", "https:"].includes(to.protocol)) throw refuse(`to ${to.protocol}`);
  if (from.protocol === "https:" && to.protocol === "http:") throw refuse(`from https to ${shownUrl(to.href)}`);
  return to;
}

/** What part of the whole an answer is. @throws AtomicError invalid when it is not the one that was asked for */
function partOf(
  { status, headers }: { status: number; headers: IncomingHttpHeaders },
  { range }: HttpRequest,
  url: URL,
): Pick<HttpResponse, "range"> {
  if (status !== 206) return {};
  const found = headers["content-range"] ?? "";
  const match = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15}|\*)$/.exec(found);
  const [offset, last] = [Number(match?.[1]), Number(match?.[2])];
  const length = last - offset + 1;
  if (match === null || range?.offset !== offset || length < 1 || length > (range.length ?? Infinity)) {
    const asked = range === undefined ? "everything" : `bytes ${range.offset}-`;
    throw new AtomicError("invalid", `fetching ${shownUrl(url.href)}: asked for ${asked}, found ${found.slice(0, 80)}`);
  }
  return { range: { offset, length, ...(match[3] === "*" ? {} : { total: Number(match[3]) }) } };
}
