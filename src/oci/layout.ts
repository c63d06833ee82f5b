/**
 * OCI layouts: an image, or several, in a directory or a tar archive.
 * Spec: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
import { AtomicError } from "../errors.ts";
import { type FindBlob, readWhole } from "./blob-finder.ts";
import { digestHex, expectDigest } from "./digest.ts";
import type { ImageSource } from "./image-source.ts";
import { parseJsonObject, textField } from "./json.ts";
import { localName } from "./local-name.ts";
import { type Descriptor, type Index, MAX_MANIFEST, parseManifest } from "./manifest.ts";
import { formatImageReference, type FileReference } from "./reference.ts";

/** Names an image of a layout. */
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * The image a reference names in a layout.
 * @throws AtomicError not-found (no such image), usage (there are several), invalid, unsupported
 */
export function openLayout(reference: FileReference, find: FindBlob): ImageSource {
  const what = `image ${formatImageReference(reference)}`;
  const version = textField(
    parseJsonObject(readWhole(find, "oci-layout", { max: MAX_MANIFEST, what }), `${what}: oci-layout`),
    "imageLayoutVersion",
    `${what}: oci-layout`,
  );
  if (!version.startsWith("1."))
    throw new AtomicError("unsupported", `opening ${what}: expected a layout of version 1, found ${version}`);
  const index = parseManifest(readWhole(find, "index.json", { max: MAX_MANIFEST, what }), `${what}: index.json`);
  if (index.kind !== "index") throw new AtomicError("invalid", `opening ${what}: index.json is no index`);
  const chosen = choose(index, reference, what);
  const blobOf = ({ digest, size }: Descriptor) => {
    const path = `blobs/sha256/${digestHex(digest)}`;
    const blob = find(path);
    if (blob === undefined) throw new AtomicError("not-found", `reading ${what}: it has no ${path}`);
    if (blob.size !== size)
      throw new AtomicError("corrupt", `reading ${what}: ${path}: expected ${size} bytes, found ${blob.size}`);
    return blob;
  };
  const document = async (descriptor: Descriptor, max: number): Promise<Buffer> => {
    const bytes = readWhole(() => blobOf(descriptor), digestHex(descriptor.digest), { max, what });
    expectDigest(bytes, descriptor.digest, `${what}: ${descriptor.digest}`);
    return bytes;
  };
  return {
    what,
    name: localName(reference, chosen.annotations[REF_NAME]),
    top: async () => ({ bytes: await document(chosen, MAX_MANIFEST), mediaType: chosen.mediaType }),
    document,
    layers: async (descriptors) => descriptors.map(blobOf),
    release: () => undefined,
    close: () => undefined,
  };
}

function choose({ manifests }: Index, { tag }: FileReference, what: string): Descriptor {
  const named = tag === undefined ? manifests : manifests.filter(({ annotations }) => annotations[REF_NAME] === tag);
  const [only] = named;
  if (only === undefined) throw new AtomicError("not-found", `opening ${what}: it holds no such image`);
  if (named.length > 1) {
    const names = named.map(({ annotations }) => annotations[REF_NAME] ?? "(unnamed)");
    throw new AtomicError(
      "usage",
      `opening ${what}: it holds ${named.length} images: ${names.slice(0, 20).join(", ")}`,
    );
  }
  return only;
}
