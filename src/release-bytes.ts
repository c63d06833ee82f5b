/** Giving memory back at once. */

/** What Node before 22 lacks. */
type Transferable = ArrayBufferLike & { transfer?(length: number): ArrayBuffer };

/**
 * Frees the memory of `bytes`, which nobody uses any more; they have no length afterwards. Large buffers would otherwise
 * wait for the garbage collector, and each new one would take fresh pages from the kernel (docs/decisions/0041). A part
 * of a larger buffer is left alone.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const buffer: Transferable = bytes.buffer;
  if (bytes.byteLength === buffer.byteLength) buffer.transfer?.(0);
}
