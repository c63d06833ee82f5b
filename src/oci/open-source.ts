/** The source that an image reference names. */
import type { Repo } from "../ostree/index.ts";
import { findInArchive, findInDirectory } from "./blob-finder.ts";
import { openDockerArchive } from "./docker-archive.ts";
import type { ImageSource } from "./image-source.ts";
import { openLayout } from "./layout.ts";
import { type ImageReference, isImageReference, parseImageReference, parseRegistryReference } from "./reference.ts";
import type { RegistryOptions } from "./registry/registry-source.ts";

/**
 * Opens the source of an image for pulling into `repo`. The registry client is loaded only where one is meant.
 * @throws AtomicError not-found, usage, invalid, unsupported, permission (blocked)
 */
export async function openSource(
  repo: Repo,
  reference: ImageReference,
  options: RegistryOptions = {},
): Promise<ImageSource> {
  switch (reference.transport) {
    case "docker":
      return (await import("./registry/registry-source.ts")).openRegistry(repo, reference, options);
    case "oci":
      return openLayout(reference, findInDirectory(reference.path));
    case "oci-archive":
      return openLayout(reference, findInArchive(reference.path));
    case "docker-archive":
      return openDockerArchive(reference, findInArchive(reference.path));
  }
}

/**
 * Reads what an operator typed: a reference, or a name alone, which the host's registries.conf makes whole.
 * @throws AtomicError usage, invalid
 */
export async function readImageName(text: string): Promise<ImageReference> {
  if (isImageReference(text)) return parseImageReference(text);
  const { readRegistriesConf } = await import("./registry/host-files.ts");
  const { wholeName } = await import("./registry/registries-conf.ts");
  return parseRegistryReference(wholeName(readRegistriesConf(), text));
}
