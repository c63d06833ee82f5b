/**
 * Image references: what an operator types to mean an image somewhere else.
 *
 *     docker://HOST/NAME[:TAG][@DIGEST]   a registry
 *     oci:DIR[:TAG]                       an OCI layout in a directory
 *     oci-archive:FILE[:TAG]              the same in a tar file
 *     docker-archive:FILE[:NAME:TAG]      what `docker save` writes
 *
 * Spec: containers-transports(5), https://github.com/distribution/reference
 */
import { resolve } from "node:path";
import { AtomicError } from "../errors.ts";
import { type Digest, parseDigest } from "./digest.ts";

/** A repository in a registry. */
export interface Repository {
  /** Host name or address, with `:PORT` where it is not the scheme's. */
  host: string;
  /** Such as `library/debian`. */
  path: string;
}
/** A repository, and what in it. */
export interface NamedReference extends Repository {
  tag?: string;
  /** Decides where both are given. */
  digest?: Digest;
}
export interface RegistryReference extends NamedReference {
  transport: "docker";
}
export interface FileReference {
  transport: "oci" | "oci-archive" | "docker-archive";
  path: string;
  /** Which image, where the file holds several; as the operator wrote it. */
  tag?: string;
}
export type ImageReference = RegistryReference | FileReference;

const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** Of host, path and tag together: a ref of the store names it. */
const MAX_NAME = 230;
const TRANSPORTS = ["oci", "oci-archive", "docker-archive"] as const;

/** True when `text` starts with a transport, as only an image reference does. */
export function isImageReference(text: string): boolean {
  return text.startsWith("docker://") || TRANSPORTS.some((transport) => text.startsWith(`${transport}:`));
}

/** Reads a reference with its transport. @throws AtomicError usage */
export function parseImageReference(text: string): ImageReference {
  if (text.startsWith("docker://")) return parseRegistryReference(text.slice("docker://".length));
  const transport = TRANSPORTS.find((name) => text.startsWith(`${name}:`));
  if (transport === undefined) {
    throw new AtomicError(
      "usage",
      `reading image reference ${JSON.stringify(text)}: expected docker://, oci:, oci-archive: or docker-archive:`,
      { hint: "atomic pull docker://HOST/NAME:TAG" },
    );
  }
  const rest = text.slice(transport.length + 1);
  const colon = rest.indexOf(":");
  const [path, tag] = colon === -1 ? [rest, undefined] : [rest.slice(0, colon), rest.slice(colon + 1)];
  if (path === "" || path.includes("\0") || tag === "" || (tag?.length ?? 0) > MAX_NAME)
    throw illegal(text, "expected a path, and a tag after a colon");
  return { transport, path, ...(tag === undefined ? {} : { tag }) };
}

/**
 * Reads `[HOST/]NAME[:TAG][@DIGEST]`; without a host Docker's registry is meant, without a tag `latest`, as everywhere.
 * @throws AtomicError usage
 */
export function parseRegistryReference(text: string): RegistryReference {
  const named = parseNamed(text);
  const isWhole = named.tag !== undefined || named.digest !== undefined;
  return { transport: "docker", ...named, ...(isWhole ? {} : { tag: "latest" }) };
}

/** Reads `[HOST/]NAME[:TAG][@DIGEST]` and adds no tag. @throws AtomicError usage */
export function parseNamed(text: string): NamedReference {
  const at = text.indexOf("@");
  const named = at === -1 ? text : text.slice(0, at);
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const hasHost = slash !== -1 && (/[.:]/.test(first) || first === "localhost");
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  const { host, path } = normalize(hasHost ? first : "docker.io", hasHost ? name.slice(slash + 1) : name);
  if (!HOST.test(host)) throw illegal(text, "expected a host");
  if (!path.split("/").every((part) => COMPONENT.test(part)))
    throw illegal(text, "expected a name of lower-case letters, digits and ._- in parts joined by /");
  if (tag !== undefined && !TAG.test(tag)) throw illegal(text, "expected a tag of letters, digits and ._-");
  if (host.length + path.length + (tag?.length ?? 0) > MAX_NAME)
    throw illegal(text, `expected at most ${MAX_NAME} characters`);
  return {
    host,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(at === -1 ? {} : { digest: digestIn(text, at) }),
  };
}

/** `HOST/NAME[:TAG][@DIGEST]`, in full. */
export function formatRegistryReference({ host, path, tag, digest }: NamedReference): string {
  return `${host}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** The text that `parseImageReference` reads. */
export function formatImageReference(reference: ImageReference): string {
  if (reference.transport === "docker") return `docker://${formatRegistryReference(reference)}`;
  const { transport, path, tag } = reference;
  return `${transport}:${path}${tag === undefined ? "" : `:${tag}`}`;
}

/** The reference in full, with an absolute path, so that it means the same from everywhere. @throws AtomicError usage */
export function absoluteReference(text: string): string {
  const reference = parseImageReference(text);
  return formatImageReference(
    reference.transport === "docker" ? reference : { ...reference, path: resolve(reference.path) },
  );
}

/** Docker's registry has an older name, and a folder for images without one. */
function normalize(host: string, path: string): Repository {
  const official = host === "index.docker.io" ? "docker.io" : host;
  return { host: official, path: official === "docker.io" && !path.includes("/") ? `library/${path}` : path };
}

function digestIn(text: string, at: number): Digest {
  try {
    return parseDigest(text.slice(at + 1), `image reference ${JSON.stringify(text)}`);
  } catch (cause) {
    throw new AtomicError("usage", (cause as Error).message, { cause });
  }
}

function illegal(text: string, why: string): AtomicError {
  return new AtomicError("usage", `reading image reference ${JSON.stringify(text.slice(0, 300))}: ${why}`);
}
