/** An archive in the "newc" format of cpio(5), with its trailer. */
export function cpioArchive(files: Record<string, Uint8Array>): Buffer {
  const pad = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
  const entry = (name: string, content: Uint8Array): Buffer => {
    const numbers = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}${name}\0`;
    return Buffer.concat([Buffer.from(head), pad(head.length), content, pad(content.length)]);
  };
  const entries = Object.entries(files).map(([name, content]) => entry(name, content));
  return Buffer.concat([...entries, entry("TRAILER!!!", Buffer.alloc(0))]);
}
