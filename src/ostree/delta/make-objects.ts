/** Making all objects of a delta, each from what the store has or the delta made before. */
import type { Checksum } from "../../digest.ts";
import { AtomicError, isAtomicError } from "../../errors.ts";
import type { ProgressTask } from "../../progress.ts";
import { measureObject, objectFile, objectSize } from "../object-store.ts";
import type { Repo } from "../repo.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";
import type { DeltaFile } from "./delta-file.ts";
import { type DeltaObject, listDeltaObjects } from "./delta-objects.ts";
import { makeObject } from "./make-object.ts";
import { parseObjectTable } from "./object-table.ts";
import type { Source } from "./source.ts";
import { readSourceNames, type SourceName } from "./source-names.ts";
import { eachStream } from "./streams.ts";

/** Where the objects go. */
export interface Workbench {
  /** Takes an object, and reads all of `pieces`. @throws AtomicError corrupt when they do not hash to its name */
  add(object: DeltaObject, pieces: Iterable<Uint8Array>): void;
  /** Where the bytes of an object are that was added. */
  path(object: DeltaObject): string;
}

/**
 * Makes the objects of a delta of those that `repo` has of the commit it starts from. Memory: one part of the delta,
 * and about three times the largest object, of which at most 128 MiB are made at a time.
 * @throws AtomicError not-found (the store lacks that commit, or an object of it), invalid (a hostile delta), corrupt
 *   (the delta, what it makes, or an object it starts from is damaged), no-space
 */
export function makeObjects(repo: Repo, delta: DeltaFile, bench: Workbench, task: ProgressTask): void {
  const { head } = delta;
  const old = listOld(repo, head);
  const table = delta.next(head.table);
  const objects = parseObjectTable(table, head.objects);
  let made = 0;
  const source = ({ kind, index }: SourceName): Source => {
    if (kind === "table") return { bytes: table, size: table.length };
    const object = (kind === "old" ? old : objects)[index]!;
    const { checksum, type, size } = object;
    return { path: kind === "old" ? objectFile(repo, checksum, type) : bench.path(object), size };
  };
  for (const part of head.parts) {
    const streams = eachStream((name) => createByteReader(delta.next(part.streams[name]), `a delta's ${name}`));
    for (let left = part.objects; left > 0; left--) {
      const object = objects[made]!;
      const names = readSourceNames(streams.operations, { table: 1, old: old.length, new: made });
      try {
        bench.add(object, makeObject(object.size, names.map(source), streams));
      } catch (error) {
        if (isAtomicError(error, "corrupt"))
          checkOld(
            repo,
            names.flatMap(({ kind, index }) => (kind === "old" ? [old[index]!] : [])),
          );
        throw error;
      }
      made += 1;
      task.advance(object.size);
    }
    for (const stream of Object.values<ByteReader>(streams)) stream.end();
  }
}

function listOld(repo: Repo, { from, to }: { from: Checksum; to: Checksum }): DeltaObject[] {
  if (objectSize(repo, from, "commit") === undefined) {
    throw new AtomicError("not-found", `applying the delta to ${to}: the store lacks commit ${from}, where it starts`, {
      hint: `atomic repo log --repo ${repo.path}`,
    });
  }
  return listDeltaObjects(repo, from);
}

/** @throws AtomicError corrupt when one of the objects is not what its name says */
function checkOld(repo: Repo, objects: readonly DeltaObject[]): void {
  for (const { checksum, type } of objects) {
    const found = measureObject(repo, checksum, type).checksum;
    if (found === checksum) continue;
    throw new AtomicError("corrupt", `applying a delta: ${type} ${checksum} in ${repo.path} is damaged`, {
      hint: `atomic repo fsck --repo ${repo.path} --repair --from OTHER`,
    });
  }
}
