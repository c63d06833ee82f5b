/** Where an image comes from: what every kind of source can do. */
import type { Progress } from "../progress.ts";
import type { Digest } from "./digest.ts";
import type { Descriptor } from "./manifest.ts";
import type { BlobFile } from "./layer/blob-file.ts";
import type { ReadRepository } from "./policy/sigstore-signatures.ts";

/** The document at the top of an image. */
export interface TopDocument {
  bytes: Buffer;
  /** As the source says; absent where it does not. */
  mediaType?: string;
}

export interface ImageSource {
  /** The source with the image's name, for messages. */
  readonly what: string;
  /** What the store calls the image. */
  readonly name: string;
  /** The manifest or index that the reference names. @throws AtomicError not-found, network, permission, invalid */
  top(): Promise<TopDocument>;
  /** A manifest, index or configuration, checked against its digest. @throws AtomicError not-found, corrupt, network */
  document(descriptor: Descriptor, max: number): Promise<Buffer>;
  /** Reads something small of the image's repository; absent where it is in none. See `ReadRepository`. */
  readonly read?: ReadRepository;
  /** Makes layers available as files, in the same order. @throws AtomicError not-found, corrupt, network, no-space */
  layers(descriptors: readonly Descriptor[], progress: Progress): Promise<BlobFile[]>;
  /** Removes what `layers` fetched of these, once it is imported. */
  release(digests: readonly Digest[]): void;
  close(): void;
}
