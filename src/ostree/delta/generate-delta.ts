/** Making a delta: done once by the publisher, for a pair of commits in one store. */
import { compareBytes } from "../../bytes.ts";
import type { Checksum } from "../../digest.ts";
import { noProgress, type Progress } from "../../progress.ts";
import { objectFile } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { archiveMembers, createMemberFinder } from "./archive-members.ts";
import { createBaseChooser } from "./choose-base.ts";
import { type DeltaHead, encodeDeltaHead } from "./delta-head.ts";
import { type DeltaObject, listDeltaObjects, type NamedObject } from "./delta-objects.ts";
import { diffObjects } from "./diff-objects.ts";
import { encodeObjectTable } from "./object-table.ts";
import { compressBlock, createPartWriter } from "./part-writer.ts";
import type { Source } from "./source.ts";
import { type SourceName, writeSourceNames } from "./source-names.ts";
import { STREAMS } from "./streams.ts";

export interface GenerateDeltaOptions {
  /** The commit whose objects a host must have. */
  from: Checksum;
  to: Checksum;
  progress?: Progress;
}
export interface Delta {
  head: DeltaHead;
  /** The delta file's bytes, in pieces. */
  content: Uint8Array[];
}

/** Objects of at least this size come first. */
const LARGE = 1024 * 1024;

/**
 * The delta that makes what `to` needs and `from` does not have. Memory: the delta itself, one part of it before
 * compression, and for each core about four times the largest object, of which at most 128 MiB are made at a time.
 * @throws AtomicError not-found, corrupt (objects of either commit)
 */
export async function generateDelta(
  repo: Repo,
  { from, to, progress = noProgress }: GenerateDeltaOptions,
): Promise<Delta> {
  const seen = new Set<string>();
  const old = listDeltaObjects(repo, from, seen);
  const added = listDeltaObjects(repo, to, seen).sort(inDeltaOrder);
  const members = new Map(added.map((object) => [object, archiveMembers(fileOf(repo, object))]));
  // An archive is made of what it has in it.
  const objects = [...added].sort((a, b) => Number(members.get(a)!.length > 0) - Number(members.get(b)!.length > 0));
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const table = encodeObjectTable(objects);
  const task = progress.start("comparing objects", { total: bytes, unit: "bytes" });

  const chooseBase = createBaseChooser(old);
  const findMembers = createMemberFinder(old, objects);
  const names = objects.map((object, i) => [
    ...namesFor(object, chooseBase(object)),
    ...findMembers(members.get(object)!, i),
  ]);
  const source = ({ kind, index }: SourceName): Source =>
    kind === "table" ? { bytes: table, size: table.length } : fileOf(repo, (kind === "old" ? old : objects)[index]!);
  const jobs = objects.map((object, i) => ({ target: fileOf(repo, object), sources: names[i]!.map(source) }));
  const parts = createPartWriter();
  await diffObjects(jobs, (streams, i) => {
    writeSourceNames(parts.streams.operations, names[i]!);
    for (const name of STREAMS) parts.streams[name].bytes(streams[name]);
    parts.endObject();
    task.advance(objects[i]!.size);
  });
  const compressed = await compressBlock(table);
  const finished = await parts.finish();
  task.finish();
  const head = { from, to, bytes, objects: objects.length, table: compressed.block, parts: finished.parts };
  return { head, content: [encodeDeltaHead(head), compressed.bytes, ...finished.content] };
}

/** Dirtrees and commits name new objects: the table has their checksums already. */
function namesFor({ type }: DeltaObject, base: number | undefined): SourceName[] {
  const table: SourceName[] = type === "file" ? [] : [{ kind: "table", index: 0 }];
  return base === undefined ? table : [{ kind: "old", index: base }, ...table];
}

function fileOf(repo: Repo, { checksum, type, size }: DeltaObject): Source {
  return { path: objectFile(repo, checksum, type), size };
}

/** Large ones first; then like beside like, which compresses best: by type, then by the end of the name. */
function inDeltaOrder(a: NamedObject, b: NamedObject): number {
  if (a.size >= LARGE || b.size >= LARGE) return b.size - a.size;
  return compareBytes(sortKey(a), sortKey(b));
}

function sortKey({ type, by }: NamedObject): string {
  const name = by.slice(by.lastIndexOf("/") + 1);
  return `${type}/${name.slice(name.lastIndexOf(".") + 1)}/${by}`;
}
