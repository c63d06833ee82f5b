/** One HTTP request and the head of its answer. */
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
} from "node:http";
import { Agent as HttpsAgent, request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import pkg from "../package.json" with { type: "json" };
import { AtomicError } from "./errors.ts";
import { trustedCertificates } from "./http-trust.ts";

/** What is sent: bytes, or what makes a fresh stream of them for each try. */
export type RequestBody = Uint8Array | (() => AsyncIterable<Uint8Array>);

export interface ExchangeOptions {
  method: string;
  headers: Readonly<Record<string, string>>;
  agent: HttpAgent;
  body?: RequestBody;
  connectTimeout?: number;
  stallTimeout: number;
}
/** An answer whose body nobody has read yet. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  message: IncomingMessage;
  /** Milliseconds without a byte after which the body is given up. */
  stallTimeout: number;
  /** Ends the connection. */
  discard(): void;
}

const CONNECT_TIMEOUT_MS = 30_000;
const CONNECTIONS = 8;
const SLICE = 64 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;
const USER_AGENT = `atomic/${pkg.version}`;

/** What one server needs of TLS beyond what all do. */
export interface TlsOfHost {
  /** `HOST[:PORT]`; nobody else sees or profits of it. */
  host: string;
  /** Authorities in PEM, trusted as well as the system's. */
  authorities: readonly string[];
  /** How we show who we are, in PEM. */
  client?: { certificate: string; key: string };
}

/** Connections for http and https, made as the proxy variables of the environment ask. */
export function createAgents({
  insecure = false,
  connections = CONNECTIONS,
  tls,
}: {
  insecure?: boolean;
  connections?: number;
  tls?: TlsOfHost;
}): { of(url: URL): HttpAgent; close(): void } {
  const common = { keepAlive: true, maxSockets: connections, proxyEnv: process.env };
  const made = new Map<string, HttpAgent>();
  const make = (protocol: string, own: TlsOfHost | undefined): HttpAgent =>
    protocol === "http:"
      ? new HttpAgent(common)
      : new HttpsAgent({
          ...common,
          rejectUnauthorized: !insecure,
          ca: [...trustedCertificates(), ...(own?.authorities ?? [])],
          ...(own?.client === undefined ? {} : { cert: own.client.certificate, key: own.client.key }),
        });
  return {
    of({ protocol, host }) {
      const own = host === tls?.host ? tls : undefined;
      const name = own === undefined ? protocol : `${protocol}${own.host}`;
      const agent = made.get(name) ?? make(protocol, own);
      made.set(name, agent);
      return agent;
    },
    close: () => made.forEach((agent) => agent.destroy()),
  };
}

/**
 * Sends one request; no redirects, no second try.
 * @throws AtomicError network when there is no answer, invalid when it is malformed, untrusted on a bad certificate
 */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Answer> {
  const { method, headers, agent, body, stallTimeout, connectTimeout = CONNECT_TIMEOUT_MS } = options;
  const send = url.protocol === "http:" ? request : secureRequest;
  const length = body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
  const outgoing = send(url, {
    method,
    agent,
    maxHeaderSize: MAX_HEADER_BYTES,
    headers: { "user-agent": USER_AGENT, ...length, ...headers },
  });
  const shown = `${method === "GET" ? "fetching" : method} ${url.origin}${url.pathname}`;
  try {
    const message = await answerTo(outgoing, { body, connectTimeout, stallTimeout });
    return {
      status: message.statusCode ?? 0,
      headers: message.headers,
      message,
      stallTimeout,
      discard: () => void (message.complete ? message.resume() : message.destroy()),
    };
  } catch (error) {
    outgoing.destroy();
    throw networkError(shown, error);
  }
}

function answerTo(
  outgoing: ClientRequest,
  {
    body,
    connectTimeout,
    stallTimeout,
  }: { body: RequestBody | undefined; connectTimeout: number; stallTimeout: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let timer = setTimeout(() => reject(new Error(`no connection within ${connectTimeout / 1000} s`)), connectTimeout);
    const waitForAnswer = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(new Error(`no answer within ${stallTimeout / 1000} s`)), stallTimeout);
    };
    const settle = (then: () => void) => {
      clearTimeout(timer);
      then();
    };
    outgoing.on("error", (error) => settle(() => reject(error)));
    outgoing.on("response", (message) => settle(() => resolve(message)));
    outgoing.on("socket", (socket: Socket) => {
      if (socket.connecting) socket.once("connect", waitForAnswer);
      else waitForAnswer();
    });
    // While a body is sent, progress is what is sent.
    outgoing.on("drain", waitForAnswer);
    if (body === undefined) return void outgoing.end();
    const chunks = typeof body === "function" ? body() : slices(body);
    pipeline(chunks, outgoing).catch((error: unknown) => settle(() => reject(error)));
  });
}

/** Small enough for their sending to show progress. */
function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}

/** What a failure below HTTP means to the caller. */
export function networkError(shown: string, cause: unknown): unknown {
  if (cause instanceof AtomicError || !(cause instanceof Error)) return cause;
  const { code = "" } = cause as NodeJS.ErrnoException;
  if (code.startsWith("HPE_")) return new AtomicError("invalid", `${shown}: not HTTP: ${cause.message}`, { cause });
  if (isCertificateProblem(code)) {
    return new AtomicError("untrusted", `${shown}: the server's certificate is not trusted: ${cause.message}`, {
      cause,
    });
  }
  return new AtomicError("network", `${shown}: ${cause.message}`, { cause });
}

function isCertificateProblem(code: string): boolean {
  return /CERT|^UNABLE_TO_|^ERR_TLS_/.test(code);
}
