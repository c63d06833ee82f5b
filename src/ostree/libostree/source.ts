/** An OSTree repository as commits are read from it, wherever it is. Nothing it gives is checked yet. */
import type { FileHeader } from "./file-header.ts";
import type { Sha256 } from "./sha256.ts";

/** A regular file or symlink: the header, then the content in pieces. */
export interface OstreeFile {
  header: FileHeader;
  /** Of the content, as the repository tells it. Bytes. */
  size: number;
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What a regular file takes; of a symlink the content is empty. Bytes. */
export interface FileSizes {
  /** As the repository keeps it. */
  stored: number;
  content: number;
}

export interface OstreeSource {
  /** Its path or address, for messages. */
  readonly where: string;
  /** Behind a web server, which can serve files only as they are. */
  readonly isRemote: boolean;
  /**
   * A whole file of the repository, or undefined when it has none of that name.
   * @param max the most bytes the caller can use
   * Rejects with AtomicError invalid when it is larger.
   */
  read(path: string, max: number): Promise<Buffer | undefined>;
  /** A content object. Rejects with AtomicError not-found, invalid. */
  file(checksum: Sha256): Promise<OstreeFile>;
  /** How large a content object is, without reading it. Rejects with AtomicError not-found, invalid. */
  measure(checksum: Sha256): Promise<FileSizes>;
  /** Ends connections. */
  close(): void;
}

/** Kinds of metadata objects, named as their files end. */
export type MetadataType = "commit" | "dirtree" | "dirmeta" | "commitmeta";

/** OSTree's own bound of a metadata object. Bytes. */
export const MAX_METADATA = 128 * 1024 * 1024;

/** Where an object lies in a repository. */
export function ostreeObjectPath(checksum: Sha256, extension: MetadataType | "file" | "filez"): string {
  return `objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${extension}`;
}
