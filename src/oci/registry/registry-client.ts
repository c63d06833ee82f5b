/**
 * One repository of one registry.
 * Spec: https://github.com/opencontainers/distribution-spec/blob/main/spec.md and Docker's token protocol
 */
import { AtomicError, isAtomicError } from "../../errors.ts";
import { createHttpClient, type HttpClient, httpError, type HttpRequest, shownUrl } from "../../http.ts";
import { parseJsonObject, textField } from "../json.ts";
import type { Credentials } from "./auth-file.ts";
import type { Certificates } from "./certs-d.ts";
import { parseChallenge } from "./challenge.ts";
import type { Endpoint } from "./registries-conf.ts";

export interface RegistryClient {
  readonly endpoint: Endpoint;
  /**
   * Reads something small below the repository, such as `manifests/latest`.
   * @throws AtomicError not-found, permission, network, invalid
   */
  read(path: string, request: { accept?: string; maxBytes: number }): Promise<{ bytes: Buffer; mediaType?: string }>;
  /**
   * What it takes to download something large: where it is, and the headers to send.
   * @throws AtomicError permission, network
   */
  locate(path: string): Promise<{ client: HttpClient; url: string; headers: Record<string, string> }>;
  close(): void;
}

/** Docker's registry is not where its name says. */
const SERVERS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };
const MAX_TOKEN_ANSWER = 256 * 1024;

/** What this host has for a server. */
export interface ServerAccess {
  /** Sent only to the server, and to where it says that tokens are made. */
  credentials?: Credentials;
  certificates?: Certificates;
}

export function createRegistryClient(
  endpoint: Endpoint,
  { credentials, certificates }: ServerAccess = {},
): RegistryClient {
  const server = SERVERS[endpoint.host] ?? endpoint.host;
  const options = {
    insecure: endpoint.insecure,
    ...(certificates === undefined ? {} : { tls: { ...certificates, host: new URL(`https://${server}`).host } }),
  };
  const client = createHttpClient(options);
  const doing = `pulling from ${endpoint.host}/${endpoint.path}`;
  let scheme = "https";
  /** A server that is insecure may speak no TLS at all: found out with the first request, which is not repeated. */
  let probe = endpoint.insecure ? createHttpClient({ ...options, attempts: 1 }) : undefined;
  let authorization: string | undefined;

  const urlOf = (path: string): string => `${scheme}://${server}/v2/${endpoint.path}/${path}`;
  const headers = (): Record<string, string> => (authorization === undefined ? {} : { authorization });

  /** Sends a request, and a second one with what the first answer asked for. */
  async function bytes(path: string, request: HttpRequest) {
    let answer = await once(path, request);
    if (answer.status === 401) {
      await authorize(answer.headers["www-authenticate"]);
      answer = await once(path, request);
    }
    return answer;
  }

  async function once(path: string, request: HttpRequest) {
    const send = (by: HttpClient) =>
      by.bytes(urlOf(path), { ...request, headers: { ...request.headers, ...headers() } });
    if (probe === undefined) return send(client);
    try {
      return await send(probe);
    } catch (error) {
      if (!isAtomicError(error, "network")) throw error;
      scheme = "http";
      return await send(client);
    } finally {
      probe?.close();
      probe = undefined;
    }
  }

  async function authorize(header: string | undefined): Promise<void> {
    const challenge = parseChallenge(header);
    const basic =
      credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString("base64")}`;
    if (challenge?.scheme === "bearer" && credentials?.isToken !== true) {
      authorization = `Bearer ${await fetchToken(challenge.realm, challenge.parameters, basic)}`;
      return;
    }
    if (challenge === undefined || credentials === undefined) throw denied();
    authorization = challenge.scheme === "bearer" ? `Bearer ${credentials.password}` : basic;
  }

  async function fetchToken(realm: string, parameters: Record<string, string>, basic?: string): Promise<string> {
    if (!URL.canParse(realm))
      throw new AtomicError("invalid", `${doing}: tokens are to come from ${JSON.stringify(realm)}`);
    const url = new URL(realm);
    if (url.protocol !== "https:" && !(endpoint.insecure && url.protocol === "http:"))
      throw new AtomicError("invalid", `${doing}: tokens are to come from ${shownUrl(url.href)}, which is not secure`);
    if (parameters["service"] !== undefined) url.searchParams.set("service", parameters["service"]);
    url.searchParams.set("scope", parameters["scope"] ?? `repository:${endpoint.path}:pull`);
    const answer = await client.bytes(url.href, {
      maxBytes: MAX_TOKEN_ANSWER,
      headers: basic === undefined ? {} : { authorization: basic },
    });
    if (answer.status === 401 || answer.status === 403) throw denied();
    if (answer.status !== 200) throw httpError(doing, answer);
    const document = parseJsonObject(answer.bytes, "a registry's token");
    return textField(document, document["token"] === undefined ? "access_token" : "token", "a registry's token");
  }

  function denied(): AtomicError {
    const why = credentials === undefined ? "it wants credentials" : "it refused the credentials";
    return new AtomicError("permission", `${doing}: ${why}`, { hint: `podman login ${endpoint.host}` });
  }

  return {
    endpoint,
    async read(path, { accept, maxBytes }) {
      const answer = await bytes(path, { maxBytes, ...(accept === undefined ? {} : { headers: { accept } }) });
      if (answer.status === 401 || answer.status === 403) throw denied();
      if (answer.status !== 200) throw httpError(doing, answer);
      const mediaType = answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
      return { bytes: answer.bytes, ...(mediaType === undefined ? {} : { mediaType }) };
    },
    locate: async (path) => ({ client, url: urlOf(path), headers: headers() }),
    close() {
      probe?.close();
      client.close();
    },
  };
}
