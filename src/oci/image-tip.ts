/** What a reference means now, without pulling it. */
import type { Repo } from "../ostree/index.ts";
import type { Digest } from "./digest.ts";
import { openSource, readImageName } from "./open-source.ts";
import { resolveManifest } from "./resolve-image.ts";

/**
 * The digest of the manifest that a reference means on this machine; one or two small requests where it is in a registry.
 * @throws AtomicError not-found, network, permission, invalid, unsupported, usage
 */
export async function imageTip(repo: Repo, reference: string, options: { insecure?: boolean } = {}): Promise<Digest> {
  const source = await openSource(repo, await readImageName(reference), options);
  try {
    return (await resolveManifest(source)).digest;
  } finally {
    source.close();
  }
}
