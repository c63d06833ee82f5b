/** The source that an image reference names. */
import { AtomicError } from "../errors.ts";
import { findInArchive, findInDirectory } from "./blob-finder.ts";
import { openDockerArchive } from "./docker-archive.ts";
import type { ImageSource } from "./image-source.ts";
import { openLayout } from "./layout.ts";
import { formatImageReference, type ImageReference } from "./reference.ts";

/** @throws AtomicError not-found, usage, invalid, unsupported */
export async function openSource(reference: ImageReference): Promise<ImageSource> {
  switch (reference.transport) {
    case "docker":
      throw new AtomicError("unsupported", `pulling ${formatImageReference(reference)}: expected a file or directory`);
    case "oci":
      return openLayout(reference, findInDirectory(reference.path));
    case "oci-archive":
      return openLayout(reference, findInArchive(reference.path));
    case "docker-archive":
      return openDockerArchive(reference, findInArchive(reference.path));
  }
}
