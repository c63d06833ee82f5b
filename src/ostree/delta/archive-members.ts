/** Archives of files that a tree has by themselves, too, as an initramfs is: they are made from those. */
import { checksumOf } from "../../digest.ts";
import type { DeltaObject } from "./delta-objects.ts";
import { MAX_UNPACKED_BYTES } from "./packing.ts";
import { readRegion, type Source } from "./source.ts";
import type { SourceName } from "./source-names.ts";
import { FRAME_MAGIC } from "./zstd/frame-layout.ts";
import { unpackContents } from "./zstd/zstd-file.ts";

/** What is in the "newc" format of cpio(5): numbers of eight hexadecimal digits. */
const CPIO = { magic: "070701", header: 110, sizeAt: 54, nameSizeAt: 94, align: 4 } as const;
/** A smaller member does not pay for its name as a source. */
const MIN_MEMBER = 128;
const MAX_MEMBERS = 4000;
const MAX_MEMBER_BYTES = 192 * 1024 * 1024;

/** Checksums of the files in an archive, each once; none when it is no cpio archive, compressed by zstd or not. */
export function archiveMembers(archive: Source): string[] {
  if (archive.size < CPIO.header || archive.size > MAX_UNPACKED_BYTES || !beginsLikeOne(archive)) return [];
  const bytes = new Uint8Array(archive.size);
  readRegion(archive, { at: 0, size: archive.size }, bytes);
  return [...new Set(filesIn(unpackContents(bytes, MAX_UNPACKED_BYTES) ?? bytes))];
}

function beginsLikeOne(archive: Source): boolean {
  const start = Buffer.alloc(CPIO.magic.length);
  readRegion(archive, { at: 0, size: start.length }, start);
  return start.toString("latin1") === CPIO.magic || start.readUInt32LE() === FRAME_MAGIC;
}

/** The checksum of each file; nothing behind the first header that makes no sense, but for zeros between archives. */
function* filesIn(bytes: Uint8Array): Generator<string> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const aligned = (at: number): number => Math.ceil(at / CPIO.align) * CPIO.align;
  const number = (at: number): number => Number.parseInt(view.toString("latin1", at, at + 8), 16);
  for (let at = view.indexOf(CPIO.magic); at >= 0 && at + CPIO.header <= view.length;) {
    if (view.toString("latin1", at, at + CPIO.magic.length) !== CPIO.magic) {
      at = view.indexOf(CPIO.magic, at);
      continue;
    }
    const start = aligned(at + CPIO.header + number(at + CPIO.nameSizeAt));
    const size = number(at + CPIO.sizeAt);
    if (!(start + size <= view.length)) return;
    if (size >= MIN_MEMBER) yield checksumOf(view.subarray(start, start + size));
    at = aligned(start + size);
  }
}

/** Finds members among the old objects, and among those that are made before the `before`-th new one. */
export function createMemberFinder(
  old: readonly DeltaObject[],
  objects: readonly DeltaObject[],
): (members: readonly string[], before: number) => SourceName[] {
  const sizes = new Map<string, { name: SourceName; size: number }>();
  const add = (kind: SourceName["kind"], list: readonly DeltaObject[]): void =>
    list.forEach(({ checksum, type, size }, index) => {
      if (type === "file") sizes.set(checksum, { name: { kind, index }, size });
    });
  add("new", objects);
  add("old", old);
  return (members, before) => {
    let left = MAX_MEMBER_BYTES;
    const found = members.flatMap((checksum) => {
      const member = sizes.get(checksum);
      if (member === undefined || (member.name.kind === "new" && member.name.index >= before)) return [];
      left -= member.size;
      return left < 0 ? [] : [member.name];
    });
    return found.slice(0, MAX_MEMBERS);
  };
}
