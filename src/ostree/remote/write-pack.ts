/** Writing a pack: objects of a store in few, compressed frames. Choices: docs/decisions/0019-packs.md. */
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { type Checksum, checksumOf, createHasher } from "../../digest.ts";
import type { DurableFile } from "../../durable.ts";
import { AtomicError } from "../../errors.ts";
import { close, read } from "../../linux/index.ts";
import type { ProgressTask } from "../../progress.ts";
import type { ObjectType } from "../object-path.ts";
import { openObject } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { encodePackIndex, FRAME, type PackFrame, type PackIndex, type PackObject } from "./pack-index.ts";

export interface WantedObject {
  checksum: Checksum;
  type: ObjectType;
  size: number;
}

/** Higher ones gain 5 % for six times the work. */
const LEVEL = 3;
/** Frames compressed at a time; node:zlib gives each a thread. */
const BATCH = 4;

const compress = promisify(zstdCompress);
const METADATA_FIRST = { commit: 0, dirtree: 1, file: 2 } as const;

/**
 * Writes the objects, commits and dirtrees first, as the bytes of a pack to `out`.
 * @param task advances by the bytes read
 * @throws AtomicError corrupt, not-found, no-space
 */
export async function writePack(
  repo: Repo,
  wanted: readonly WantedObject[],
  { out, timestamp, task }: { out: DurableFile; timestamp: number; task: ProgressTask },
): Promise<PackIndex> {
  const frames: PackFrame[] = [];
  const objects: PackObject[] = [];
  let batch: Buffer[] = [];
  let open: Buffer[] = [];
  let filled = 0;
  let [offset, end] = [0, 0];

  const flush = async (): Promise<void> => {
    const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
    const packed = await Promise.all(batch.map((raw) => compress(raw, { params })));
    for (const [i, bytes] of packed.entries()) {
      const raw = batch[i]!;
      out.write(bytes);
      frames.push({ offset, stored: bytes.length, start: end, size: raw.length, checksum: checksumOf(raw) });
      offset += bytes.length;
      end += raw.length;
      task.advance(raw.length);
    }
    batch = [];
  };
  const cut = async (): Promise<void> => {
    if (filled === 0) return;
    batch.push(Buffer.concat(open));
    [open, filled] = [[], 0];
    if (batch.length === BATCH) await flush();
  };

  let start = 0;
  const ordered = [...wanted].sort((a, b) => METADATA_FIRST[a.type] - METADATA_FIRST[b.type]);
  for (const { checksum, type, size } of ordered) {
    // Dirtrees are fetched before files, so they share no frame.
    const isFirstFile = type === "file" && objects.at(-1)?.type !== "file";
    if (isFirstFile || filled + size > FRAME) await cut();
    for (const part of readChecked(repo, checksum, type, size)) {
      open.push(part);
      filled += part.length;
      if (size > FRAME) await cut();
    }
    objects.push({ checksum, type, size, start });
    start += size;
  }
  await cut();
  await flush();
  return { timestamp, frames, objects };
}

/** An object's bytes, a frame at a time; the last one comes only when all of them hash to the name. */
function* readChecked(repo: Repo, checksum: Checksum, type: ObjectType, size: number): Generator<Buffer> {
  const fd = openObject(repo, checksum, type);
  const hasher = createHasher();
  try {
    for (let left = size; left > 0;) {
      const part = Buffer.allocUnsafe(Math.min(left, FRAME));
      const count = read(fd, part);
      hasher.update(part.subarray(0, count));
      left -= count;
      if (count < part.length || (left === 0 && hasher.digest() !== checksum)) {
        throw new AtomicError("corrupt", `packing ${type} ${checksum}: it is damaged in ${repo.path}`, {
          hint: `atomic repo fsck --repo ${repo.path} --repair --from OTHER`,
        });
      }
      yield part;
    }
  } finally {
    close(fd);
  }
}

/**
 * Adds a pack of `wanted` to `packs/`, durably, its index last.
 * @returns its name; undefined when there is nothing to pack
 */
export async function addPack(
  repo: Repo,
  wanted: readonly WantedObject[],
  { timestamp, task }: { timestamp: number; task: ProgressTask },
): Promise<Checksum | undefined> {
  if (wanted.length === 0) return undefined;
  const directory = join(repo.path, "packs");
  const unfinished = join(directory, ".new");
  repo.disk.ensureDirectory(directory, 0o755);
  repo.disk.removeTree(unfinished);
  const out = repo.disk.create(unfinished, 0o644);
  let index: PackIndex;
  try {
    index = await writePack(repo, wanted, { out, timestamp, task });
    out.sync();
  } finally {
    out.close();
  }
  const bytes = encodePackIndex(index);
  const name = checksumOf(bytes);
  repo.disk.rename(unfinished, join(directory, `${name}.pack`));
  repo.disk.replaceFile(join(directory, `${name}.index`), bytes, 0o644);
  return name;
}
