/** Reading what is published, wherever it is. */
export interface Source {
  /**
   * A small file, whole.
   * @param etag of the answer before; undefined comes back when the file is still that one
   * @throws AtomicError network, not-found, permission, invalid (more than `max` bytes)
   */
  get(path: string, options: { max: number; etag?: string }): Promise<{ bytes: Buffer; etag?: string } | undefined>;
  /** Bytes of a large file, in chunks that are the caller's; a lost connection is taken up again. Throws as `get` does. */
  stream(path: string, range: { offset: number; length: number }): AsyncIterable<Uint8Array>;
  close(): void;
}
