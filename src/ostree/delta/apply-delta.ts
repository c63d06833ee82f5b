/** Applying a delta: what its commit needs is made from what the store has, and checked before it gets a name. */
import { type Checksum, createHasher } from "../../digest.ts";
import { AtomicError } from "../../errors.ts";
import { noProgress, type Progress, type ProgressTask } from "../../progress.ts";
import { withRepoLock } from "../lock.ts";
import { measureObject, objectFile, objectSize } from "../object-store.ts";
import { type RefName, writeRef } from "../ref.ts";
import type { Repo } from "../repo.ts";
import { noteStaged, OBJECT_MODE, stagedFile, transact, type Transaction } from "../transaction.ts";
import { type ByteReader, createByteReader } from "./byte-reader.ts";
import { type DeltaFile, withDeltaFile } from "./delta-file.ts";
import { type DeltaObject, listDeltaObjects } from "./delta-objects.ts";
import { makeObject } from "./make-object.ts";
import { parseObjectTable } from "./object-table.ts";
import type { Source } from "./source.ts";
import { readSourceNames, type SourceName } from "./source-names.ts";
import { eachStream, type Streams } from "./streams.ts";

export interface ApplyDeltaOptions {
  /** The delta file. */
  file: string;
  /** Moved to the commit once it is complete. */
  ref?: RefName;
  progress?: Progress;
}
export interface ApplyDeltaResult {
  commit: Checksum;
  /** Objects made, and their bytes. */
  objects: number;
  bytes: number;
}

/**
 * Makes the objects of a delta and moves the ref last. Memory: one part of the delta, and about three times the
 * largest object, of which at most 128 MiB are made at a time.
 * @throws AtomicError not-found (the store lacks the commit the delta starts from, or an object of it), invalid (no
 *   delta, or a hostile one), corrupt (the delta, or what it would make, is damaged), no-space, locked; no ref moves then
 */
export async function applyDelta(
  repo: Repo,
  { file, ref, progress = noProgress }: ApplyDeltaOptions,
): Promise<ApplyDeltaResult> {
  return withRepoLock(repo, () =>
    withDeltaFile(file, (delta) => {
      const { from, to, objects, bytes } = delta.head;
      const task = progress.start("applying delta", { total: bytes, unit: "bytes" });
      const old = listOld(repo, from, to);
      transact(repo, (transaction) => makeObjects(transaction, { delta, old, task }));
      task.finish();
      // Only a whole tree is worth a ref: a delta need not bring everything its commit names.
      listDeltaObjects(repo, to);
      if (ref !== undefined) writeRef(repo, ref, to);
      return { commit: to, objects, bytes };
    }),
  );
}

function listOld(repo: Repo, from: Checksum, to: Checksum): DeltaObject[] {
  if (objectSize(repo, from, "commit") === undefined) {
    throw new AtomicError("not-found", `applying the delta to ${to}: the store lacks commit ${from}, where it starts`, {
      hint: `atomic repo log --repo ${repo.path}`,
    });
  }
  return listDeltaObjects(repo, from);
}

interface Work {
  delta: DeltaFile;
  /** The objects of the commit the delta starts from. */
  old: readonly DeltaObject[];
  task: ProgressTask;
}

function makeObjects(transaction: Transaction, { delta, old, task }: Work): void {
  const { head } = delta;
  const table = delta.next(head.table);
  const objects = parseObjectTable(table, head.objects);
  let made = 0;
  const source = ({ kind, index }: SourceName): Source => {
    if (kind === "table") return { bytes: table, size: table.length };
    const object = (kind === "old" ? old : objects)[index]!;
    return { path: pathOf(transaction, object), size: object.size };
  };
  for (const part of head.parts) {
    const streams = eachStream((name) => createByteReader(delta.next(part.streams[name]), `a delta's ${name}`));
    for (let left = part.objects; left > 0; left--) {
      const object = objects[made]!;
      const names = readSourceNames(streams.operations, { table: 1, old: old.length, new: made });
      const found = stageObject(transaction, { object, sources: names.map(source), streams });
      if (found !== object.checksum) {
        checkOld(
          transaction.repo,
          names.flatMap(({ kind, index }) => (kind === "old" ? [old[index]!] : [])),
        );
        throw new AtomicError("corrupt", `applying the delta to ${head.to}: made ${found} for ${object.checksum}`);
      }
      made += 1;
      task.advance(object.size);
    }
    for (const stream of Object.values<ByteReader>(streams)) stream.end();
  }
}

/** Where an object's bytes are: in the store, or staged by this transaction. */
function pathOf({ repo, staged }: Transaction, { checksum, type }: DeltaObject): string {
  return staged.get(`${checksum}.${type}`)?.path ?? objectFile(repo, checksum, type);
}

interface Making {
  object: DeltaObject;
  sources: readonly Source[];
  streams: Streams<ByteReader>;
}

/** Stages the object. Returns the checksum of what became of it; it counts as staged only if right. */
function stageObject(transaction: Transaction, { object, sources, streams }: Making): Checksum {
  const { checksum, type, size } = object;
  if (transaction.staged.has(`${checksum}.${type}`)) {
    throw new AtomicError("invalid", `applying a delta: ${type} ${checksum} is made twice`);
  }
  const file = transaction.repo.disk.create(stagedFile(transaction, checksum, type), OBJECT_MODE);
  const hasher = createHasher();
  try {
    for (const bytes of makeObject(size, sources, streams)) {
      hasher.update(bytes);
      file.write(bytes);
    }
  } finally {
    file.close();
  }
  const found = hasher.digest();
  if (found === checksum) noteStaged(transaction, checksum, type, size);
  return found;
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
