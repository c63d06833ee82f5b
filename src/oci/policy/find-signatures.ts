/** The signatures of an image, wherever this host's registries.d says they are. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readFileIfExists } from "../../linux/index.ts";
import type { Digest } from "../digest.ts";
import { listFiles } from "../list-files.ts";
import type { ImageReference } from "../reference.ts";
import type { Environment } from "../registry/host-files.ts";
import { policyDirectories } from "./host-policy.ts";
import { readLookaside } from "./lookaside.ts";
import { parseRegistriesD, type RegistriesD, sectionOf } from "./registries-d.ts";
import { type ReadRepository, readSigstoreSignatures, type SigstoreSignature } from "./sigstore-signatures.ts";

const MAX_FILE = 1024 * 1024;

/** Those beside the registry, which are messages that gpg signed. @throws AtomicError invalid, network, permission */
export async function* lookasideSignatures(reference: ImageReference, digest: Digest): AsyncGenerator<Buffer> {
  if (reference.transport !== "docker") return;
  const section = sectionOf(readRegistriesD(), reference);
  const base = section === undefined ? defaultLookaside() : section.lookaside;
  if (base !== undefined) yield* readLookaside(`${base}/${reference.path}`, digest);
}

/** Those in the registry. @param read absent where there is none @throws AtomicError invalid, corrupt, network, permission */
export async function* attachedSignatures(
  reference: ImageReference,
  digest: Digest,
  read: ReadRepository | undefined,
): AsyncGenerator<SigstoreSignature> {
  if (reference.transport !== "docker" || read === undefined) return;
  if (sectionOf(readRegistriesD(), reference)?.attachments === false) return;
  yield* readSigstoreSignatures(read, digest);
}

/** The user's own registries.d, or else the host's. @throws AtomicError invalid */
function readRegistriesD(env: Environment = process.env): RegistriesD {
  const directory = policyDirectories(env)
    .map((each) => join(each, "registries.d"))
    .find((each) => existsSync(each));
  const paths = directory === undefined ? [] : listFiles(directory, ".yaml");
  return parseRegistriesD(
    paths.flatMap((path) => {
      const bytes = readFileIfExists(path, MAX_FILE, { follow: true });
      return bytes === undefined ? [] : [{ path, text: bytes.toString("utf8") }];
    }),
  );
}

/** Where signatures are that no configuration says a place for: what podman and skopeo write. */
function defaultLookaside(env: Environment = process.env): string {
  const home = env["HOME"];
  const isRoot = process.getuid?.() === 0;
  return `file://${isRoot || home === undefined ? "/var/lib/containers/sigstore" : join(home, ".local/share/containers/sigstore")}`;
}
