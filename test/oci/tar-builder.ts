/** Writing tar archives entry by entry, legal or not. */
import { toBytes } from "../../src/bytes.ts";
import { bytes } from "../support/tree-builder.ts";

/** An entry; names and targets are latin-1 literals of the bytes they stand for. */
export interface Entry {
  name: string;
  /** The type flag; a file if left out. */
  flag?: string;
  target?: string;
  content?: Buffer | string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  major?: number;
  minor?: number;
  /** PAX records before the entry. */
  pax?: Record<string, string>;
}

/** A whole archive with its end marker. */
export function tar(...entries: Entry[]): Buffer {
  return Buffer.concat([...entries.map(entry), Buffer.alloc(1024)]);
}

/** One entry with its headers. */
export function entry({ pax, content = "", ...head }: Entry): Buffer {
  const body = Buffer.from(content);
  const extended =
    pax === undefined ? [] : [header({ name: "pax", flag: "x" }, paxRecords(pax)), padded(paxRecords(pax))];
  return Buffer.concat([...extended, header(head, body), padded(body)]);
}

/** PAX records; values are latin-1 literals. */
function paxRecords(records: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = toBytes(bytes(` ${key}=${value}\n`));
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

/** A header block with the right checksum. */
export function header(head: Omit<Entry, "pax" | "content">, body: Buffer): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  block.write(head.name, 0, 100, "latin1");
  octal(head.mode ?? 0o644, 100, 8);
  octal(head.uid ?? 0, 108, 8);
  octal(head.gid ?? 0, 116, 8);
  octal(body.length, 124, 12);
  octal(head.mtime ?? 1_700_000_000, 136, 12);
  block.write(head.flag ?? "0", 156, "latin1");
  block.write(head.target ?? "", 157, 100, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(head.major ?? 0, 329, 8);
  octal(head.minor ?? 0, 337, 8);
  return withChecksum(block);
}

/** The block with its checksum put right. */
export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
